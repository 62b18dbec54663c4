"""What runs compute: one module a kind, a torch-free recipe with its computation."""
