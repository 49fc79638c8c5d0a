DROP TABLE resource_compartment_path;
DROP TABLE resource_compartment;
DROP TABLE resource_version;
