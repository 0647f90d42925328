-- +goose Up

-- What an administrator lets one project use, where it is not what the site lets
-- all use: {"cpu": thousandths of a core, "memory": bytes, "processes": number,
-- "disk": bytes}. 0 is no limit; an absent field is the site's (settings, key
-- limits, below the key ceilings).
ALTER TABLE projects ADD COLUMN limits jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(limits) = 'object');
