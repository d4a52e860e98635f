"""Fits a score model to past deals and judges it; needs the extra `fit`, which nothing else of Nurture knows."""
