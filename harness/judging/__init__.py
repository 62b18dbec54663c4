"""From what a case measured to the verdict of its claim."""
