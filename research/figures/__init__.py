"""Figures of several models."""
