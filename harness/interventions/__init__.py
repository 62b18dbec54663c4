"""What is done to images, feature maps, weights and networks: pure functions on tensors."""
