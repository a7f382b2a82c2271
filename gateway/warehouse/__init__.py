"""The warehouse: ClickHouse, embedded or a server or a cluster, reached in one way.

May touch the database, and of the disk only its own folder. May not see a hit: what comes here is minimised already.
"""
