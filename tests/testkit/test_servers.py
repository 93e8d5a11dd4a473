"""The server starters, proved on the real programs."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, text

from hub.testkit import servers
from hub.testkit.servers import PostgresServer, RedisServer, ServerFailed, ServerMissing, start_postgres, start_redis


def ask(url: str, sql: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(sql))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def test_postgres_answers(postgres_server: PostgresServer):
    assert ask(postgres_server.url, "select 6 * 7") == 42
    assert ask(postgres_server.url, "show server_encoding") == "UTF8"
    assert ask(postgres_server.url, "select '中文'::text") == "中文"


def test_redis_answers(redis_server: RedisServer):
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("greeting", "你好")
        assert client.get("greeting") == "你好".encode()


def test_database_is_empty_and_can_be_copied(postgres_server: PostgresServer):
    template = postgres_server.create_database("template_of_test")
    ask(template, "create table thing (id int)")
    copy = postgres_server.create_database("copy_of_test", template="template_of_test")
    assert ask(copy, "select count(*) from thing") == 0
    postgres_server.drop_database("copy_of_test")
    postgres_server.drop_database("template_of_test")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(copy.replace("+psycopg", ""))


def test_each_test_gets_a_database_of_its_own(database_url: str):
    ask(database_url, "create table only_here (id int)")
    assert ask(database_url, "select count(*) from only_here") == 0


@pytest.mark.servers
def test_committed_rows_survive_a_kill(server_folder: Path, postgres_server: PostgresServer):
    with start_postgres(server_folder) as server:
        assert ask(server.url, "show fsync") == "on"
        ask(server.url, "create table kept as select 1 as id")
        server.kill()
    with start_postgres(server_folder) as server:
        assert ask(server.url, "select count(*) from kept") == 1


@pytest.mark.servers
def test_a_stopped_server_is_gone(server_folder: Path, redis_server: RedisServer):
    server = start_redis(server_folder)
    server.stop()
    server.stop()
    assert server.process.returncode == 0
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(server.url).ping()


def test_missing_server_names_what_to_install(monkeypatch: pytest.MonkeyPatch, server_folder: Path):
    monkeypatch.setattr(servers, "_inside_packages", lambda *_: [])
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(ServerMissing, match="apt-get install redis-server"):
        start_redis(server_folder)


@pytest.mark.servers
def test_server_that_fails_shows_its_last_words(server_folder: Path, postgres_server: PostgresServer):
    (server_folder / "data").mkdir(mode=0o755)
    (server_folder / "data" / "PG_VERSION").write_text("1\n")
    with pytest.raises(ServerFailed, match=r"last words: .+"):
        start_postgres(server_folder)


@pytest.mark.servers
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_root_is_told_about_a_private_folder(server_folder: Path, postgres_server: PostgresServer):
    private = server_folder / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(ServerFailed, match="cannot enter"):
        start_postgres(private / "cluster")
