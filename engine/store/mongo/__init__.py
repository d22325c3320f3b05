"""The store in a MongoDB database: ``mongodb://…`` in ``store:``.

Documents stand in four collections in the shape of the shop's own models, so that readers which
are there already go on. ``connection`` is the one door to pymongo. Start reading at ``store``.
"""
