"""Statistics that several papers' readings use: resampling, ranks, exchanges, rounding."""
