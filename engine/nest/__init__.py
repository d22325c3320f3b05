"""NestJS's TCP transport: message patterns in, answers out, as ``@nestjs/microservices`` speaks it.

Owns the frames, the packets and the patterns; what they mean belongs to ``ingest`` and ``store``.
May import everything below ``engine.api``. Start reading at ``connection``.
"""
