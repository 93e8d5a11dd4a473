CREATE VIEW v_account AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.pool_id AS pool_id,
  t.owner_id AS owner_id,
  CASE WHEN t.owned_since IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.owned_since - ((t.owned_since % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.owned_since % 1000000 + 1000000) % 1000000)) END AS owned_since,
  t.last_owner_id AS last_owner_id,
  CASE WHEN t.released_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.released_at - ((t.released_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.released_at % 1000000 + 1000000) % 1000000)) END AS released_at,
  t.name AS name,
  t.number AS number,
  t.state AS state,
  t.phone AS phone,
  t.email AS email,
  t.website AS website,
  t.note AS note,
  t.parent_id AS parent_id,
  t.branch_of_id AS branch_of_id,
  t.organisation_id AS organisation_id
FROM crm_account t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_account_identifier AS
SELECT t.account_id AS account_id,
  t.position AS position,
  t."key" AS "key",
  t.kind AS kind,
  t.value AS value,
  t.validity AS validity
FROM crm_account_identifier t JOIN crm_account p ON p.id = t.account_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_account_address AS
SELECT t.account_id AS account_id,
  t.position AS position,
  t."key" AS "key",
  t.kind AS kind,
  t.country AS country,
  t.province AS province,
  t.city AS city,
  t.street AS street,
  t.postal_code AS postal_code
FROM crm_account_address t JOIN crm_account p ON p.id = t.account_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_activity AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.type AS type,
  t.subject AS subject,
  t.text AS text,
  t.state AS state,
  CASE WHEN t.starts_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.starts_at - ((t.starts_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.starts_at % 1000000 + 1000000) % 1000000)) END AS starts_at,
  CASE WHEN t.ends_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.ends_at - ((t.ends_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.ends_at % 1000000 + 1000000) % 1000000)) END AS ends_at,
  t.starts_on AS starts_on,
  t.ends_on AS ends_on,
  t.zone AS zone,
  t.location AS location,
  t.recurrence AS recurrence,
  t.account_id AS account_id,
  t.owner_id AS owner_id,
  t.html AS html,
  t.bulk AS bulk,
  t.way AS way,
  t.thread_id AS thread_id,
  t.message_id AS message_id,
  t.reply_to AS reply_to
FROM crm_activity t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_activity_people AS
SELECT t.activity_id AS activity_id,
  t.position AS position,
  t."key" AS "key",
  t.address AS address,
  t.name AS name,
  t.part AS part,
  t.answer AS answer,
  t.contact_id AS contact_id,
  t.user_id AS user_id
FROM crm_activity_people t JOIN crm_activity p ON p.id = t.activity_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_activity_topic AS
SELECT t.activity_id AS activity_id,
  t.position AS position,
  t."key" AS "key",
  t.kind AS kind,
  t.record_id AS record_id
FROM crm_activity_topic t JOIN crm_activity p ON p.id = t.activity_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_activity_mention AS
SELECT t.activity_id AS activity_id,
  t.position AS position,
  t."key" AS "key",
  t.kind AS kind,
  t.number AS number
FROM crm_activity_mention t JOIN crm_activity p ON p.id = t.activity_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_activity_attachment AS
SELECT t.activity_id AS activity_id,
  t.position AS position,
  t."key" AS "key",
  t.name AS name,
  t.media_type AS media_type,
  t.size AS size,
  t.digest AS digest
FROM crm_activity_attachment t JOIN crm_activity p ON p.id = t.activity_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_activity_bounce AS
SELECT t.activity_id AS activity_id,
  t.position AS position,
  t."key" AS "key",
  t.address AS address,
  t.status AS status,
  t.reason AS reason,
  t.contact_id AS contact_id
FROM crm_activity_bounce t JOIN crm_activity p ON p.id = t.activity_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_contact AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.name AS name,
  t.mobile AS mobile,
  t.phone AS phone,
  t.email AS email,
  t.undeliverable AS undeliverable,
  t.title AS title,
  t.note AS note,
  t.state AS state
FROM crm_contact t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_contact_link AS
SELECT t.contact_id AS contact_id,
  t.position AS position,
  t."key" AS "key",
  t.account_id AS account_id,
  t.role AS role,
  t."primary" AS "primary"
FROM crm_contact_link t JOIN crm_contact p ON p.id = t.contact_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_contact_identifier AS
SELECT t.contact_id AS contact_id,
  t.position AS position,
  t."key" AS "key",
  t.kind AS kind,
  t.value AS value,
  t.validity AS validity
FROM crm_contact_identifier t JOIN crm_contact p ON p.id = t.contact_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_contract AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.name AS name,
  t.reference AS reference,
  t.organisation_id AS organisation_id,
  t.account_id AS account_id,
  t.owner_id AS owner_id,
  t.opportunity_id AS opportunity_id,
  t.quote_id AS quote_id,
  t.signed_on AS signed_on,
  t.valid_from AS valid_from,
  t.valid_until AS valid_until,
  t.remind_days AS remind_days,
  t.currency AS currency,
  CASE WHEN t.rate IS NOT NULL THEN CASE WHEN t.rate < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.rate) / 10000000000, abs(t.rate) % 10000000000) END AS rate,
  t.base_currency AS base_currency,
  CASE WHEN t.amount IS NOT NULL THEN CASE WHEN t.amount < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.amount) / 1000000, abs(t.amount) % 1000000) END AS amount,
  CASE WHEN t.ordered IS NOT NULL THEN CASE WHEN t.ordered < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.ordered) / 1000000, abs(t.ordered) % 1000000) END AS ordered,
  CASE WHEN t.received IS NOT NULL THEN CASE WHEN t.received < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.received) / 1000000, abs(t.received) % 1000000) END AS received,
  t.state AS state,
  t.rejected_reason AS rejected_reason,
  t.note AS note
FROM crm_contract t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_delivery AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.organisation_id AS organisation_id,
  t.account_id AS account_id,
  t.order_id AS order_id,
  t.delivered_on AS delivered_on,
  t.state AS state,
  t.note AS note
FROM crm_delivery t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_delivery_line AS
SELECT t.delivery_id AS delivery_id,
  t.position AS position,
  t."key" AS "key",
  t.product_id AS product_id,
  t.order_line AS order_line,
  CASE WHEN t.quantity IS NOT NULL THEN CASE WHEN t.quantity < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.quantity) / 1000000, abs(t.quantity) % 1000000) END AS quantity,
  t.unit AS unit
FROM crm_delivery_line t JOIN crm_delivery p ON p.id = t.delivery_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_invoice AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.tax_number AS tax_number,
  t.type AS type,
  t.reverses_id AS reverses_id,
  t.organisation_id AS organisation_id,
  t.account_id AS account_id,
  t.invoiced_on AS invoiced_on,
  t.due_on AS due_on,
  t.currency AS currency,
  CASE WHEN t.rate IS NOT NULL THEN CASE WHEN t.rate < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.rate) / 10000000000, abs(t.rate) % 10000000000) END AS rate,
  t.base_currency AS base_currency,
  t.state AS state,
  CASE WHEN t.net IS NOT NULL THEN CASE WHEN t.net < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.net) / 1000000, abs(t.net) % 1000000) END AS net,
  CASE WHEN t.tax IS NOT NULL THEN CASE WHEN t.tax < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.tax) / 1000000, abs(t.tax) % 1000000) END AS tax,
  CASE WHEN t.gross IS NOT NULL THEN CASE WHEN t.gross < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.gross) / 1000000, abs(t.gross) % 1000000) END AS gross,
  CASE WHEN t.base_gross IS NOT NULL THEN CASE WHEN t.base_gross < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.base_gross) / 1000000, abs(t.base_gross) % 1000000) END AS base_gross,
  CASE WHEN t.paid IS NOT NULL THEN CASE WHEN t.paid < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.paid) / 1000000, abs(t.paid) % 1000000) END AS paid,
  CASE WHEN t.promised IS NOT NULL THEN CASE WHEN t.promised < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.promised) / 1000000, abs(t.promised) % 1000000) END AS promised,
  CASE WHEN t.credited IS NOT NULL THEN CASE WHEN t.credited < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.credited) / 1000000, abs(t.credited) % 1000000) END AS credited,
  t.payment AS payment,
  t.note AS note
FROM crm_invoice t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_invoice_line AS
SELECT t.invoice_id AS invoice_id,
  t.position AS position,
  t."key" AS "key",
  t.product_id AS product_id,
  t.name AS name,
  CASE WHEN t.quantity IS NOT NULL THEN CASE WHEN t.quantity < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.quantity) / 1000000, abs(t.quantity) % 1000000) END AS quantity,
  t.unit AS unit,
  CASE WHEN t.unit_price IS NOT NULL THEN CASE WHEN t.unit_price < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.unit_price) / 1000000, abs(t.unit_price) % 1000000) END AS unit_price,
  CASE WHEN t.tax_rate IS NOT NULL THEN CASE WHEN t.tax_rate < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.tax_rate) / 10000000000, abs(t.tax_rate) % 10000000000) END AS tax_rate,
  CASE WHEN t.net IS NOT NULL THEN CASE WHEN t.net < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.net) / 1000000, abs(t.net) % 1000000) END AS net,
  CASE WHEN t.tax IS NOT NULL THEN CASE WHEN t.tax < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.tax) / 1000000, abs(t.tax) % 1000000) END AS tax,
  CASE WHEN t.gross IS NOT NULL THEN CASE WHEN t.gross < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.gross) / 1000000, abs(t.gross) % 1000000) END AS gross,
  t.order_id AS order_id,
  t.order_line AS order_line
FROM crm_invoice_line t JOIN crm_invoice p ON p.id = t.invoice_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_lead AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.pool_id AS pool_id,
  t.owner_id AS owner_id,
  CASE WHEN t.owned_since IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.owned_since - ((t.owned_since % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.owned_since % 1000000 + 1000000) % 1000000)) END AS owned_since,
  t.last_owner_id AS last_owner_id,
  CASE WHEN t.released_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.released_at - ((t.released_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.released_at % 1000000 + 1000000) % 1000000)) END AS released_at,
  t.number AS number,
  t.name AS name,
  t.person AS person,
  t.title AS title,
  t.mobile AS mobile,
  t.phone AS phone,
  t.email AS email,
  t.website AS website,
  t.source AS source,
  t.score AS score,
  t.wants AS wants,
  t.state AS state,
  t.lost_reason AS lost_reason,
  t.account_id AS account_id,
  t.contact_id AS contact_id,
  t.opportunity_id AS opportunity_id,
  t.note AS note
FROM crm_lead t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_lead_identifier AS
SELECT t.lead_id AS lead_id,
  t.position AS position,
  t."key" AS "key",
  t.kind AS kind,
  t.value AS value,
  t.validity AS validity
FROM crm_lead_identifier t JOIN crm_lead p ON p.id = t.lead_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_opportunity AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.name AS name,
  t.organisation_id AS organisation_id,
  t.account_id AS account_id,
  t.contact_id AS contact_id,
  t.owner_id AS owner_id,
  t.source AS source,
  t.currency AS currency,
  CASE WHEN t.amount IS NOT NULL THEN CASE WHEN t.amount < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.amount) / 1000000, abs(t.amount) % 1000000) END AS amount,
  t.expected_on AS expected_on,
  t.stage AS stage,
  CASE WHEN t.probability IS NOT NULL THEN CASE WHEN t.probability < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.probability) / 10000000000, abs(t.probability) % 10000000000) END AS probability,
  t.state AS state,
  t.lost_reason AS lost_reason,
  CASE WHEN t.chance IS NOT NULL THEN CASE WHEN t.chance < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.chance) / 10000000000, abs(t.chance) % 10000000000) END AS chance,
  CASE WHEN t.weighted IS NOT NULL THEN CASE WHEN t.weighted < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.weighted) / 1000000, abs(t.weighted) % 1000000) END AS weighted,
  t.note AS note
FROM crm_opportunity t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_opportunity_history AS
SELECT t.opportunity_id AS opportunity_id,
  t.position AS position,
  t."key" AS "key",
  t.stage AS stage,
  t.state AS state,
  CASE WHEN t.chance IS NOT NULL THEN CASE WHEN t.chance < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.chance) / 10000000000, abs(t.chance) % 10000000000) END AS chance,
  CASE WHEN t.amount IS NOT NULL THEN CASE WHEN t.amount < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.amount) / 1000000, abs(t.amount) % 1000000) END AS amount,
  CASE WHEN t.at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.at - ((t.at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.at % 1000000 + 1000000) % 1000000)) END AS at,
  t."by" AS "by"
FROM crm_opportunity_history t JOIN crm_opportunity p ON p.id = t.opportunity_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_order AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.reference AS reference,
  t.organisation_id AS organisation_id,
  t.account_id AS account_id,
  t.contact_id AS contact_id,
  t.owner_id AS owner_id,
  t.contract_id AS contract_id,
  t.ordered_on AS ordered_on,
  t.currency AS currency,
  CASE WHEN t.rate IS NOT NULL THEN CASE WHEN t.rate < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.rate) / 10000000000, abs(t.rate) % 10000000000) END AS rate,
  t.base_currency AS base_currency,
  t.state AS state,
  t.fulfilment AS fulfilment,
  t.billing AS billing,
  t.payment AS payment,
  CASE WHEN t.net IS NOT NULL THEN CASE WHEN t.net < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.net) / 1000000, abs(t.net) % 1000000) END AS net,
  CASE WHEN t.tax IS NOT NULL THEN CASE WHEN t.tax < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.tax) / 1000000, abs(t.tax) % 1000000) END AS tax,
  CASE WHEN t.gross IS NOT NULL THEN CASE WHEN t.gross < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.gross) / 1000000, abs(t.gross) % 1000000) END AS gross,
  CASE WHEN t.base_gross IS NOT NULL THEN CASE WHEN t.base_gross < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.base_gross) / 1000000, abs(t.base_gross) % 1000000) END AS base_gross,
  CASE WHEN t.invoiced IS NOT NULL THEN CASE WHEN t.invoiced < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.invoiced) / 1000000, abs(t.invoiced) % 1000000) END AS invoiced,
  CASE WHEN t.paid IS NOT NULL THEN CASE WHEN t.paid < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.paid) / 1000000, abs(t.paid) % 1000000) END AS paid,
  t.note AS note
FROM crm_order t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_order_line AS
SELECT t.order_id AS order_id,
  t.position AS position,
  t."key" AS "key",
  t.product_id AS product_id,
  t.name AS name,
  CASE WHEN t.quantity IS NOT NULL THEN CASE WHEN t.quantity < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.quantity) / 1000000, abs(t.quantity) % 1000000) END AS quantity,
  t.unit AS unit,
  CASE WHEN t.unit_price IS NOT NULL THEN CASE WHEN t.unit_price < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.unit_price) / 1000000, abs(t.unit_price) % 1000000) END AS unit_price,
  CASE WHEN t.tax_rate IS NOT NULL THEN CASE WHEN t.tax_rate < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.tax_rate) / 10000000000, abs(t.tax_rate) % 10000000000) END AS tax_rate,
  CASE WHEN t.net IS NOT NULL THEN CASE WHEN t.net < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.net) / 1000000, abs(t.net) % 1000000) END AS net,
  CASE WHEN t.tax IS NOT NULL THEN CASE WHEN t.tax < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.tax) / 1000000, abs(t.tax) % 1000000) END AS tax,
  CASE WHEN t.gross IS NOT NULL THEN CASE WHEN t.gross < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.gross) / 1000000, abs(t.gross) % 1000000) END AS gross
FROM crm_order_line t JOIN crm_order p ON p.id = t.order_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_organisation AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.name AS name,
  t.currency AS currency,
  t.zone AS zone,
  t.state AS state
FROM crm_organisation t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_organisation_identifier AS
SELECT t.organisation_id AS organisation_id,
  t.position AS position,
  t."key" AS "key",
  t.kind AS kind,
  t.value AS value,
  t.validity AS validity
FROM crm_organisation_identifier t JOIN crm_organisation p ON p.id = t.organisation_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_payment AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.reference AS reference,
  t.type AS type,
  t.reverses_id AS reverses_id,
  t.organisation_id AS organisation_id,
  t.account_id AS account_id,
  t.method AS method,
  t.paid_on AS paid_on,
  t.currency AS currency,
  CASE WHEN t.rate IS NOT NULL THEN CASE WHEN t.rate < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.rate) / 10000000000, abs(t.rate) % 10000000000) END AS rate,
  t.base_currency AS base_currency,
  CASE WHEN t.amount IS NOT NULL THEN CASE WHEN t.amount < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.amount) / 1000000, abs(t.amount) % 1000000) END AS amount,
  CASE WHEN t.base_amount IS NOT NULL THEN CASE WHEN t.base_amount < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.base_amount) / 1000000, abs(t.base_amount) % 1000000) END AS base_amount,
  CASE WHEN t.fee IS NOT NULL THEN CASE WHEN t.fee < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.fee) / 1000000, abs(t.fee) % 1000000) END AS fee,
  CASE WHEN t.allocated IS NOT NULL THEN CASE WHEN t.allocated < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.allocated) / 1000000, abs(t.allocated) % 1000000) END AS allocated,
  CASE WHEN t.refunded IS NOT NULL THEN CASE WHEN t.refunded < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.refunded) / 1000000, abs(t.refunded) % 1000000) END AS refunded,
  t.state AS state,
  t.note AS note
FROM crm_payment t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_payment_allocation AS
SELECT t.payment_id AS payment_id,
  t.position AS position,
  t."key" AS "key",
  t.target AS target,
  t.invoice_id AS invoice_id,
  t.order_id AS order_id,
  t.plan_id AS plan_id,
  t.instalment AS instalment,
  CASE WHEN t.amount IS NOT NULL THEN CASE WHEN t.amount < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.amount) / 1000000, abs(t.amount) % 1000000) END AS amount,
  CASE WHEN t.target_amount IS NOT NULL THEN CASE WHEN t.target_amount < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.target_amount) / 1000000, abs(t.target_amount) % 1000000) END AS target_amount
FROM crm_payment_allocation t JOIN crm_payment p ON p.id = t.payment_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_payment_plan AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.account_id AS account_id,
  t.order_id AS order_id,
  t.currency AS currency,
  t.state AS state,
  CASE WHEN t.paid IS NOT NULL THEN CASE WHEN t.paid < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.paid) / 1000000, abs(t.paid) % 1000000) END AS paid,
  CASE WHEN t.promised IS NOT NULL THEN CASE WHEN t.promised < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.promised) / 1000000, abs(t.promised) % 1000000) END AS promised,
  t.note AS note
FROM crm_payment_plan t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_payment_plan_instalment AS
SELECT t.payment_plan_id AS payment_plan_id,
  t.position AS position,
  t."key" AS "key",
  t.due_on AS due_on,
  CASE WHEN t.amount IS NOT NULL THEN CASE WHEN t.amount < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.amount) / 1000000, abs(t.amount) % 1000000) END AS amount,
  t.note AS note,
  CASE WHEN t.paid IS NOT NULL THEN CASE WHEN t.paid < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.paid) / 1000000, abs(t.paid) % 1000000) END AS paid
FROM crm_payment_plan_instalment t JOIN crm_payment_plan p ON p.id = t.payment_plan_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_pool AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.name AS name,
  t.members AS members,
  t."limit" AS "limit",
  t.protect_days AS protect_days,
  t.recycle_days AS recycle_days,
  t.again_days AS again_days,
  t.note AS note,
  t.state AS state
FROM crm_pool t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_product AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.name AS name,
  t.unit AS unit,
  CASE WHEN t.list_price IS NOT NULL THEN CASE WHEN t.list_price < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.list_price) / 1000000, abs(t.list_price) % 1000000) END AS list_price,
  t.currency AS currency,
  CASE WHEN t.tax_rate IS NOT NULL THEN CASE WHEN t.tax_rate < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.tax_rate) / 10000000000, abs(t.tax_rate) % 10000000000) END AS tax_rate,
  t.note AS note,
  t.state AS state
FROM crm_product t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_quote AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.version AS version,
  t.revises_id AS revises_id,
  t.organisation_id AS organisation_id,
  t.account_id AS account_id,
  t.contact_id AS contact_id,
  t.owner_id AS owner_id,
  t.opportunity_id AS opportunity_id,
  t.quoted_on AS quoted_on,
  t.valid_until AS valid_until,
  t.currency AS currency,
  CASE WHEN t.rate IS NOT NULL THEN CASE WHEN t.rate < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.rate) / 10000000000, abs(t.rate) % 10000000000) END AS rate,
  t.base_currency AS base_currency,
  t.state AS state,
  t.lost_reason AS lost_reason,
  t.order_id AS order_id,
  CASE WHEN t.net IS NOT NULL THEN CASE WHEN t.net < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.net) / 1000000, abs(t.net) % 1000000) END AS net,
  CASE WHEN t.tax IS NOT NULL THEN CASE WHEN t.tax < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.tax) / 1000000, abs(t.tax) % 1000000) END AS tax,
  CASE WHEN t.gross IS NOT NULL THEN CASE WHEN t.gross < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.gross) / 1000000, abs(t.gross) % 1000000) END AS gross,
  CASE WHEN t.base_gross IS NOT NULL THEN CASE WHEN t.base_gross < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.base_gross) / 1000000, abs(t.base_gross) % 1000000) END AS base_gross,
  t.terms AS terms,
  t.note AS note
FROM crm_quote t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_quote_line AS
SELECT t.quote_id AS quote_id,
  t.position AS position,
  t."key" AS "key",
  t.product_id AS product_id,
  t.name AS name,
  CASE WHEN t.quantity IS NOT NULL THEN CASE WHEN t.quantity < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.quantity) / 1000000, abs(t.quantity) % 1000000) END AS quantity,
  t.unit AS unit,
  CASE WHEN t.unit_price IS NOT NULL THEN CASE WHEN t.unit_price < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.unit_price) / 1000000, abs(t.unit_price) % 1000000) END AS unit_price,
  CASE WHEN t.tax_rate IS NOT NULL THEN CASE WHEN t.tax_rate < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.tax_rate) / 10000000000, abs(t.tax_rate) % 10000000000) END AS tax_rate,
  CASE WHEN t.net IS NOT NULL THEN CASE WHEN t.net < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.net) / 1000000, abs(t.net) % 1000000) END AS net,
  CASE WHEN t.tax IS NOT NULL THEN CASE WHEN t.tax < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.tax) / 1000000, abs(t.tax) % 1000000) END AS tax,
  CASE WHEN t.gross IS NOT NULL THEN CASE WHEN t.gross < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.gross) / 1000000, abs(t.gross) % 1000000) END AS gross
FROM crm_quote_line t JOIN crm_quote p ON p.id = t.quote_id
WHERE p.deleted_at IS NULL;

CREATE VIEW v_task AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.subject AS subject,
  t.owner_id AS owner_id,
  t.due_on AS due_on,
  t.account_id AS account_id,
  t.about_kind AS about_kind,
  t.about_id AS about_id,
  t.cause AS cause,
  t.state AS state,
  CASE WHEN t.ended_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.ended_at - ((t.ended_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.ended_at % 1000000 + 1000000) % 1000000)) END AS ended_at,
  t.note AS note
FROM crm_task t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_ticket AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.subject AS subject,
  t.account_id AS account_id,
  t.contact_id AS contact_id,
  t.order_id AS order_id,
  t.product_id AS product_id,
  t.owner_id AS owner_id,
  t.channel AS channel,
  t.priority AS priority,
  t.state AS state,
  CASE WHEN t.opened_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.opened_at - ((t.opened_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.opened_at % 1000000 + 1000000) % 1000000)) END AS opened_at,
  CASE WHEN t.first_response_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.first_response_at - ((t.first_response_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.first_response_at % 1000000 + 1000000) % 1000000)) END AS first_response_at,
  CASE WHEN t.resolved_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.resolved_at - ((t.resolved_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.resolved_at % 1000000 + 1000000) % 1000000)) END AS resolved_at,
  t.note AS note
FROM crm_ticket t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_user AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.name AS name,
  t.email AS email,
  t.mobile AS mobile,
  t.state AS state
FROM crm_user t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_voucher AS
SELECT t.id AS id,
  t.revision AS revision,
  CASE WHEN t.created_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.created_at - ((t.created_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.created_at % 1000000 + 1000000) % 1000000)) END AS created_at,
  CASE WHEN t.updated_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.updated_at - ((t.updated_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.updated_at % 1000000 + 1000000) % 1000000)) END AS updated_at,
  CASE WHEN t.deleted_at IS NOT NULL THEN strftime('%Y-%m-%dT%H:%M:%S', (t.deleted_at - ((t.deleted_at % 1000000 + 1000000) % 1000000)) / 1000000, 'unixepoch') || printf('.%06dZ', ((t.deleted_at % 1000000 + 1000000) % 1000000)) END AS deleted_at,
  t.tags AS tags,
  t.attributes AS attributes,
  t.custom AS custom,
  t.number AS number,
  t.posted_number AS posted_number,
  t.ledger AS ledger,
  t.word AS word,
  t."trigger" AS "trigger",
  t.source_kind AS source_kind,
  t.source_id AS source_id,
  t.basis AS basis,
  t.reverses_id AS reverses_id,
  t.organisation_id AS organisation_id,
  t.booked_on AS booked_on,
  t.currency AS currency,
  t.state AS state,
  t.attachments AS attachments,
  CASE WHEN t.debit IS NOT NULL THEN CASE WHEN t.debit < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.debit) / 1000000, abs(t.debit) % 1000000) END AS debit,
  CASE WHEN t.credit IS NOT NULL THEN CASE WHEN t.credit < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.credit) / 1000000, abs(t.credit) % 1000000) END AS credit,
  t.note AS note
FROM crm_voucher t
WHERE t.deleted_at IS NULL;

CREATE VIEW v_voucher_line AS
SELECT t.voucher_id AS voucher_id,
  t.position AS position,
  t."key" AS "key",
  t.summary AS summary,
  t.role AS role,
  t.account_code AS account_code,
  CASE WHEN t.debit IS NOT NULL THEN CASE WHEN t.debit < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.debit) / 1000000, abs(t.debit) % 1000000) END AS debit,
  CASE WHEN t.credit IS NOT NULL THEN CASE WHEN t.credit < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.credit) / 1000000, abs(t.credit) % 1000000) END AS credit,
  t.account_id AS account_id,
  t.product_id AS product_id,
  t.department AS department,
  t.employee AS employee,
  t.currency AS currency,
  CASE WHEN t.rate IS NOT NULL THEN CASE WHEN t.rate < 0 THEN '-' ELSE '' END || printf('%d.%010d', abs(t.rate) / 10000000000, abs(t.rate) % 10000000000) END AS rate,
  CASE WHEN t.amount IS NOT NULL THEN CASE WHEN t.amount < 0 THEN '-' ELSE '' END || printf('%d.%06d', abs(t.amount) / 1000000, abs(t.amount) % 1000000) END AS amount
FROM crm_voucher_line t JOIN crm_voucher p ON p.id = t.voucher_id
WHERE p.deleted_at IS NULL;
