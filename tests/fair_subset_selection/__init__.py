"""Fair subset selection against definitions, enumeration and integer programs."""
