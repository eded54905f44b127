"""Write the tables and counts of the README and of the page about files anew."""

from facts.tables import PAGES, with_facts

for page in PAGES:
    page.write_text(with_facts(page.name, page.read_text(encoding="utf-8")), encoding="utf-8")
