"""What executes a model file: one module a runtime, and the table of them.

A runtime takes the file's bytes, not its path: what was verified is what is loaded.
"""
