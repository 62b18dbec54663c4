"""What the claims of Tomasini et al. work with: the scale-detection task, deformations, sensitivities, diffusion."""
