"""How published models answer pictures of other sources than their training images."""
