"""Strategies that put documents into order by calls of a judge, one a module, behind one ask-and-tell object.

==========  =====================================================================================
window      windows that slide from the end of the list to its head
merge       sorted groups, their heads, and what can still be among the best
tournament  sorted groups, of each of which the best go on
heap        questions that name the best of a document and its children
knockout    questions that name the best of a group
groupwise   mean places within random groups
pointwise   a score for each document alone
choosing    which strategy is cheapest, and its options
answers     how a strategy asks, what is taken for an answer, repairs and votes
certain     what follows from answers, and the calls that check it
results     the order with its certificate
reranker    ask and tell
oracles     judges that are made from an order, or from an encoder
==========  =====================================================================================
"""
