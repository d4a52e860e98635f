"""The core: decides what happens to a lead, and refuses to know how it is carried out.

Pure: standard library, pydantic and YAML text. No Temporal, network, database, clock, environment or files.
"""
