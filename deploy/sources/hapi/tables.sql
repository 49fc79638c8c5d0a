-- HAPI FHIR's tables, as far as an export reads them: re-created for tests and for trying relation.sql out. On a HAPI FHIR
-- server these tables are there already: do not run this file in its database.
--
-- Columns, lengths and indexes are those of github.com/hapifhir/hapi-fhir, hapi-fhir-jpaserver-test-utilities/src/main/
-- resources/migration/releases/V8_8_0/schema/MSSQL_2012.sql, commit 857da21fb6b7db7b36b685f1964fb9500a5a2cb9, in
-- PostgreSQL's types (timestamp(6), boolean; text for RES_TEXT_VC since 7.0; oid, a large object, for RES_TEXT), checked
-- against the entities ResourceTable, ResourceHistoryTable, ResourceLink, TagDefinition and ResourceTag of
-- hapi-fhir-jpaserver-model (0059df49f87f3f1fc784a3c00e79c67d7c0e0109 and later).

CREATE TABLE hfj_resource (
    res_id bigint PRIMARY KEY,
    partition_id integer,
    partition_date date,
    res_deleted_at timestamp(6),
    res_version varchar(7),
    has_tags boolean NOT NULL,
    res_published timestamp(6) NOT NULL,
    res_updated timestamp(6) NOT NULL,
    fhir_id varchar(64),
    sp_has_links boolean NOT NULL,
    hash_sha256 varchar(64),
    sp_index_status smallint,
    res_language varchar(20),
    sp_cmpstr_uniq_present boolean,
    sp_cmptoks_present boolean,
    sp_coords_present boolean NOT NULL,
    sp_date_present boolean NOT NULL,
    sp_number_present boolean NOT NULL,
    sp_quantity_nrml_present boolean NOT NULL,
    sp_quantity_present boolean NOT NULL,
    sp_string_present boolean NOT NULL,
    sp_token_present boolean NOT NULL,
    sp_uri_present boolean NOT NULL,
    search_url_present boolean,
    res_type varchar(40) NOT NULL,
    res_type_id smallint,
    res_ver bigint NOT NULL
);
CREATE INDEX idx_res_date ON hfj_resource (res_updated);
CREATE INDEX idx_res_fhir_id ON hfj_resource (fhir_id);
CREATE INDEX idx_res_type_del_updated ON hfj_resource (res_type, res_deleted_at, res_updated, partition_id, res_id);
CREATE INDEX idx_res_resid_updated ON hfj_resource (res_id, res_updated, partition_id);
ALTER TABLE hfj_resource ADD CONSTRAINT idx_res_type_fhir_id UNIQUE (res_type, fhir_id);

CREATE TABLE hfj_res_ver (
    pid bigint PRIMARY KEY,
    partition_id integer,
    partition_date date,
    res_deleted_at timestamp(6),
    res_version varchar(7),
    has_tags boolean NOT NULL,
    res_published timestamp(6) NOT NULL,
    res_updated timestamp(6) NOT NULL,
    res_encoding varchar(5) NOT NULL,
    request_id varchar(16),
    res_text oid,
    res_id bigint NOT NULL REFERENCES hfj_resource,
    res_text_vc text,
    res_type varchar(40) NOT NULL,
    res_type_id smallint,
    res_ver bigint NOT NULL,
    source_uri varchar(768)
);
CREATE INDEX idx_resver_type_date ON hfj_res_ver (res_type, res_updated, res_id);
CREATE INDEX idx_resver_id_date ON hfj_res_ver (res_id, res_updated);
CREATE INDEX idx_resver_date ON hfj_res_ver (res_updated, res_id);
CREATE INDEX idx_resver_id_src_uri ON hfj_res_ver (source_uri, res_id, partition_id);
ALTER TABLE hfj_res_ver ADD CONSTRAINT idx_resver_id_ver UNIQUE (res_id, res_ver);

CREATE TABLE hfj_res_link (
    pid bigint PRIMARY KEY,
    partition_id integer,
    partition_date date,
    src_path varchar(500) NOT NULL,
    src_resource_id bigint NOT NULL REFERENCES hfj_resource,
    source_resource_type varchar(40) NOT NULL,
    src_res_type_id smallint,
    target_res_partition_date date,
    target_res_partition_id integer,
    target_resource_id bigint REFERENCES hfj_resource,
    target_resource_type varchar(40) NOT NULL,
    target_res_type_id smallint,
    target_resource_url varchar(200),
    target_resource_version bigint,
    sp_updated timestamp(6)
);
CREATE INDEX idx_rl_src ON hfj_res_link (src_resource_id);
CREATE INDEX idx_rl_tgt_v2 ON hfj_res_link (target_resource_id, src_path, src_resource_id, target_resource_type, partition_id);
CREATE INDEX idx_rl_srcpath_tgturl ON hfj_res_link (src_path, target_resource_url, partition_id, src_resource_id);

CREATE TABLE hfj_tag_def (
    tag_id bigint PRIMARY KEY,
    tag_code varchar(200),
    tag_display varchar(200),
    tag_system varchar(200),
    tag_type integer NOT NULL,
    tag_user_selected boolean,
    tag_version varchar(30)
);

CREATE TABLE hfj_res_tag (
    pid bigint PRIMARY KEY,
    partition_id integer,
    partition_date date,
    tag_id bigint REFERENCES hfj_tag_def,
    res_id bigint REFERENCES hfj_resource,
    res_type varchar(40) NOT NULL,
    res_type_id smallint
);
CREATE INDEX idx_res_tag_res_tag ON hfj_res_tag (res_id, tag_id, partition_id);
CREATE INDEX idx_res_tag_tag_res ON hfj_res_tag (tag_id, res_id, partition_id);
ALTER TABLE hfj_res_tag ADD CONSTRAINT idx_restag_tagid UNIQUE (res_id, tag_id);
