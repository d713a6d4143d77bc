"""Reading files: what kind a file is, and its text by place, read in a child process that has nothing to steal."""
