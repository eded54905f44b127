"""The steps of a call: checked inputs, the plan, the products that each projection needs, gradients, and the proof."""
