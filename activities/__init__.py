"""Thin: each calls one adapter and decides once whether a failure is worth another try."""
