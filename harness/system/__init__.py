"""The machine and its libraries: files, processors, lazy imports, names, compatibility."""
