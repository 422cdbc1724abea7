"""The web page: static files, no build step, nothing from another host."""
