"""docs/REPORT.md: what the stored studies and the published models say, in words and tables.

Every sentence that depends on a figure is made of it, so that the report stays true when a figure
changes.
"""
