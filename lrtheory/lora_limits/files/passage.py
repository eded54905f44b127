"""A passage of plain sentences, written for this package: what the heads of a real transformer look at."""

from __future__ import annotations

__all__ = ["PASSAGE"]

PASSAGE = """
The harbour was quiet when the ferry arrived at six in the morning. Two fishermen mended their nets on the pier,
and a grey cat slept on a pile of ropes. Anna carried her suitcase up the narrow street to the house of her
grandmother. She had not seen it for eleven years, but the blue door and the lemon tree were still there. The
key lay under the third flower pot, as it always had. Inside, the rooms smelled of dust and dried lavender. She
opened all windows, put the kettle on the stove, and sat down at the kitchen table. On the wall hung a map of
the island, drawn by her grandfather in 1962, with every well and every path. He had been a surveyor, and he
trusted nothing that he had not measured twice. In the drawer she found his notebook. Each page held a list of
angles, a sketch of a hill, and a few words about the weather. The last entry was not about angles. It said that
the spring below the old chapel had changed its course, and that somebody ought to find out why. Anna read the
line again. Then she packed water, bread and the notebook, and walked up the path between the olive trees. The
chapel stood on a ridge above the sea. Its bell had been sold long ago, but the walls were sound, and swallows
nested under the roof. Below it she followed a dry channel through thorns and loose stones. After half an hour
she heard the water before she saw it. It came out of a crack in the rock, cold and clear, forty metres east of
the place that the map showed. She marked the spot, counted her steps back to the chapel, and wrote down the
numbers. An old man with a donkey stopped beside her and asked what she was looking for. When she told him, he
laughed and pointed to the slope above them. The quarry, he said, had moved the whole hill, and the water simply
went around it. Nobody had asked the water. In the evening she drew a new line on the map with a fine pencil,
and beside it she wrote the date. Then she called her brother to tell him that she would stay until the end of
the month. There were more wells to measure, and the lemons were almost ripe.
"""
