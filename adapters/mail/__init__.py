"""Mail: rendering, handing it to a provider, the built-in sink, and what providers report back."""
