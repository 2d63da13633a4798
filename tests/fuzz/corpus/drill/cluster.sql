-- PostgreSQL database cluster dump
CREATE ROLE a;
CREATE TABLESPACE f LOCATION '/f';
CREATE DATABASE d WITH TABLESPACE = f;
\connect d
\connect -reuse-previous=on "dbname='a b'"
DROP DATABASE e;
-- PostgreSQL database cluster dump complete