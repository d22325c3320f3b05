"""The path of an event, as functions: normalise, judge, decide, batch, request, classify.

May import release, consent, codec and model. Pure: the moment is handed in, nothing is kept or
sent here. Start reading at ``admit`` (the way in) and ``decide`` (the way out).
"""
