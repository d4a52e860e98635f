"""Holds the deployments this process has loaded, for workflow code to read; refuses to load any itself.

Deployments never change once loaded and are named by number in every entry, so reading them is deterministic. The
sandbox passes this module through: all runs share the one book.
"""

from nurture.plan import Book

BOOK = Book()
