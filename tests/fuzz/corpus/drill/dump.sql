-- PostgreSQL database dump
\restrict x
-- Dumped from database version 15.14
-- Dumped by pg_dump version 15.14
SET client_encoding = 'UTF8';
CREATE TABLE t (a int);
ALTER TABLE t OWNER TO app;
COPY public.t (a) FROM stdin;
1
\.x
\.
CREATE POLICY p ON t TO a, "b ""c" USING (true);
-- PostgreSQL database dump complete
\unrestrict x
