DROP TABLE organization_members;
DROP TABLE api_keys;
DROP TABLE users;
DROP TABLE organizations;
