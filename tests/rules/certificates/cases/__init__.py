"""The cases of `certified`, in a module a system; they are found on disk."""
