"""Statistics that several papers' readings use: resampling, seeds and images, runs, ranks, coincidence, rounding."""
