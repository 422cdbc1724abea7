"""docs/REPORT.md: the stored studies and the published models, in words and tables.

The words are in templates/. A sentence that depends on a figure is computed from it, so that the
report stays true when a figure changes.
"""
