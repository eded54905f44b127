"""Games: rules, closed forms, and best responses by enumeration."""
