"""The preprocessing mode `digit`: find the ink of one digit and draw it as MNIST does."""
