"""How much sooner Tandem's training reaches an accuracy than PyTorch's own MNIST example."""
