"""What a claim's function works with, and what all claims of a session share."""
