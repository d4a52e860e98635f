"""The command line: one module per group of commands; decides nothing that the core or the adapters decide."""
