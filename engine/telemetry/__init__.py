"""Logs and metrics: each happening has one name that writes its log line and its counter together.

May import model, structlog and prometheus_client. Start reading at ``notices``.
"""
