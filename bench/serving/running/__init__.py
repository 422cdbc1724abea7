"""Starting servers and putting load on them."""
