"""What a person can do, as one registry, and what is made of it: parser, completion, help, keys."""
