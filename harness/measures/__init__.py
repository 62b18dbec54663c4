"""What is read off images, feature maps and weights: pure functions on tensors."""
