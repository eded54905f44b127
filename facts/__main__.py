"""Write the README's table of systems anew."""

from facts import README, with_table

README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
