"""What is declared: claims, papers, tiers, and the verdicts that are expected."""
