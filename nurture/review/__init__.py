"""Answers what marketing and sales ask each other of hot leads, from what became of the tasks; see report.py."""
