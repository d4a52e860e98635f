"""Says what the core found in Japanese and English, for the command line and for pages; refuses to lay it out."""
