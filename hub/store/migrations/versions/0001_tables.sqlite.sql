CREATE TABLE attempt (
  id TEXT NOT NULL,
  binding_id TEXT NOT NULL,
  run_id TEXT,
  connection TEXT NOT NULL,
  kind TEXT NOT NULL,
  number BIGINT NOT NULL,
  op TEXT NOT NULL,
  request_digest TEXT NOT NULL,
  summary JSON NOT NULL,
  sent_at BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  answered_at BIGINT,
  remote_id TEXT,
  response_digest TEXT,
  error_code TEXT,
  error_words TEXT,
  PRIMARY KEY (id)
);

CREATE INDEX ix_attempt_binding_id_number ON attempt (binding_id, number);

CREATE INDEX ix_attempt_run_id ON attempt (run_id);

CREATE TABLE batch_piece (
  id TEXT NOT NULL,
  work TEXT NOT NULL,
  given BLOB NOT NULL,
  answer BLOB NOT NULL,
  done BOOLEAN NOT NULL,
  made_at BIGINT NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE binding (
  id TEXT NOT NULL,
  connection TEXT NOT NULL,
  kind TEXT NOT NULL,
  hub_id TEXT NOT NULL,
  home_id TEXT,
  ref TEXT,
  revision BIGINT NOT NULL,
  remote_id TEXT,
  remote_number TEXT,
  "primary" BOOLEAN NOT NULL,
  ours BOOLEAN NOT NULL,
  state TEXT NOT NULL,
  stage TEXT,
  attempts BIGINT NOT NULL,
  refusals BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  lease_until BIGINT,
  sent_at BIGINT,
  not_before BIGINT,
  dirty BOOLEAN NOT NULL,
  void_wanted BOOLEAN NOT NULL,
  remote_version BIGINT NOT NULL,
  acked_version BIGINT NOT NULL,
  acked_patch TEXT NOT NULL,
  same_patches BIGINT NOT NULL,
  base JSON NOT NULL,
  sent JSON NOT NULL,
  held JSON NOT NULL,
  not_retained JSON NOT NULL,
  lines JSON NOT NULL,
  missing_since BIGINT,
  claimed_revision BIGINT NOT NULL,
  parked TEXT,
  parked_params JSON NOT NULL,
  why TEXT,
  submitted_revision BIGINT NOT NULL,
  updated_at BIGINT,
  PRIMARY KEY (id),
  CONSTRAINT uq_binding_connection_kind_remote_id UNIQUE (connection, kind, remote_id),
  CONSTRAINT uq_binding_connection_ref UNIQUE (connection, ref)
);

CREATE INDEX ix_binding_connection_kind_hub_id ON binding (connection, kind, hub_id);

CREATE INDEX ix_binding_dirty_state ON binding (dirty, state);

CREATE INDEX ix_binding_kind_hub_id ON binding (kind, hub_id);

CREATE INDEX ix_binding_state_not_before ON binding (state, not_before);

CREATE UNIQUE INDEX uq_binding_connection_kind_hub_id ON binding (connection, kind, hub_id) WHERE "primary" AND kind IN ('activity', 'contract', 'delivery', 'invoice', 'order', 'payment', 'quote', 'voucher');

CREATE TABLE call_budget (
  connection TEXT NOT NULL,
  day TEXT NOT NULL,
  used BIGINT NOT NULL,
  shares JSON NOT NULL,
  PRIMARY KEY (connection)
);

CREATE TABLE candidate_key (
  "key" BIGINT NOT NULL,
  record_id TEXT NOT NULL,
  PRIMARY KEY ("key", record_id)
)
 WITHOUT ROWID;

CREATE TABLE common_key (
  "key" BIGINT NOT NULL,
  record_kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  count BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY ("key")
);

CREATE TABLE config_version (
  number BIGINT NOT NULL,
  body JSON NOT NULL,
  digest TEXT NOT NULL,
  published_at BIGINT NOT NULL,
  published_by TEXT NOT NULL,
  PRIMARY KEY (number)
);

CREATE TABLE "conflict" (
  id TEXT NOT NULL,
  binding_id TEXT NOT NULL,
  connection TEXT NOT NULL,
  record_kind TEXT NOT NULL,
  record_id TEXT NOT NULL,
  field TEXT NOT NULL,
  hub_value JSON,
  remote_value JSON,
  base_value JSON,
  took TEXT NOT NULL,
  decided_by TEXT,
  at BIGINT NOT NULL,
  decided_at BIGINT,
  PRIMARY KEY (id)
);

CREATE INDEX ix_conflict_binding_id_field ON "conflict" (binding_id, field);

CREATE INDEX ix_conflict_record_id ON "conflict" (record_id);

CREATE TABLE connection_state (
  connection TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  paused BOOLEAN NOT NULL,
  pause_code TEXT,
  pause_params JSON NOT NULL,
  not_before BIGINT,
  wait_code TEXT,
  wait_params JSON NOT NULL,
  failures BIGINT NOT NULL,
  PRIMARY KEY (connection)
);

CREATE TABLE correction (
  connection TEXT NOT NULL,
  stream TEXT NOT NULL,
  external_id TEXT NOT NULL,
  field TEXT NOT NULL,
  value JSON,
  raw TEXT NOT NULL,
  actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (connection, stream, external_id, field)
);

CREATE TABLE crm_account (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  pool_id TEXT,
  owner_id TEXT,
  owned_since BIGINT,
  last_owner_id TEXT,
  released_at BIGINT,
  name TEXT NOT NULL,
  number TEXT NOT NULL,
  state TEXT NOT NULL,
  phone TEXT NOT NULL,
  email TEXT NOT NULL,
  website TEXT NOT NULL,
  note TEXT NOT NULL,
  parent_id TEXT,
  branch_of_id TEXT,
  organisation_id TEXT,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_account_branch_of_id ON crm_account (branch_of_id);

CREATE INDEX ix_crm_account_email_folded ON crm_account (lower(email));

CREATE INDEX ix_crm_account_last_owner_id ON crm_account (last_owner_id);

CREATE INDEX ix_crm_account_number ON crm_account (number);

CREATE INDEX ix_crm_account_organisation_id ON crm_account (organisation_id);

CREATE INDEX ix_crm_account_owner_id ON crm_account (owner_id);

CREATE INDEX ix_crm_account_parent_id ON crm_account (parent_id);

CREATE INDEX ix_crm_account_pool_id ON crm_account (pool_id);

CREATE INDEX ix_crm_account_updated_at ON crm_account (updated_at);

CREATE TABLE crm_activity (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL,
  starts_at BIGINT,
  ends_at BIGINT,
  starts_on DATE,
  ends_on DATE,
  zone TEXT NOT NULL,
  location TEXT NOT NULL,
  recurrence TEXT NOT NULL,
  account_id TEXT,
  owner_id TEXT,
  html TEXT NOT NULL,
  bulk BOOLEAN NOT NULL,
  way TEXT,
  thread_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  reply_to TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_activity_account_id ON crm_activity (account_id);

CREATE INDEX ix_crm_activity_number ON crm_activity (number);

CREATE INDEX ix_crm_activity_owner_id ON crm_activity (owner_id);

CREATE INDEX ix_crm_activity_updated_at ON crm_activity (updated_at);

CREATE TABLE crm_contact (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  name TEXT NOT NULL,
  mobile TEXT NOT NULL,
  phone TEXT NOT NULL,
  email TEXT NOT NULL,
  undeliverable TEXT NOT NULL,
  title TEXT NOT NULL,
  note TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_contact_email_folded ON crm_contact (lower(email));

CREATE INDEX ix_crm_contact_name ON crm_contact (name);

CREATE INDEX ix_crm_contact_updated_at ON crm_contact (updated_at);

CREATE TABLE crm_contract (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  reference TEXT NOT NULL,
  organisation_id TEXT,
  account_id TEXT NOT NULL,
  owner_id TEXT,
  opportunity_id TEXT,
  quote_id TEXT,
  signed_on DATE,
  valid_from DATE,
  valid_until DATE,
  remind_days BIGINT NOT NULL,
  currency TEXT NOT NULL,
  rate BIGINT NOT NULL,
  base_currency TEXT NOT NULL,
  amount BIGINT NOT NULL,
  ordered BIGINT NOT NULL,
  received BIGINT NOT NULL,
  state TEXT NOT NULL,
  rejected_reason TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_contract_account_id ON crm_contract (account_id);

CREATE INDEX ix_crm_contract_number ON crm_contract (number);

CREATE INDEX ix_crm_contract_opportunity_id ON crm_contract (opportunity_id);

CREATE INDEX ix_crm_contract_organisation_id ON crm_contract (organisation_id);

CREATE INDEX ix_crm_contract_owner_id ON crm_contract (owner_id);

CREATE INDEX ix_crm_contract_quote_id ON crm_contract (quote_id);

CREATE INDEX ix_crm_contract_updated_at ON crm_contract (updated_at);

CREATE TABLE crm_delivery (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  organisation_id TEXT,
  account_id TEXT,
  order_id TEXT,
  delivered_on DATE,
  state TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_delivery_account_id ON crm_delivery (account_id);

CREATE INDEX ix_crm_delivery_number ON crm_delivery (number);

CREATE INDEX ix_crm_delivery_order_id ON crm_delivery (order_id);

CREATE INDEX ix_crm_delivery_organisation_id ON crm_delivery (organisation_id);

CREATE INDEX ix_crm_delivery_updated_at ON crm_delivery (updated_at);

CREATE TABLE crm_invoice (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  tax_number TEXT NOT NULL,
  type TEXT NOT NULL,
  reverses_id TEXT,
  organisation_id TEXT,
  account_id TEXT NOT NULL,
  invoiced_on DATE,
  due_on DATE,
  currency TEXT NOT NULL,
  rate BIGINT NOT NULL,
  base_currency TEXT NOT NULL,
  state TEXT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  base_gross BIGINT NOT NULL,
  paid BIGINT NOT NULL,
  promised BIGINT NOT NULL,
  credited BIGINT NOT NULL,
  payment TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_invoice_account_id ON crm_invoice (account_id);

CREATE INDEX ix_crm_invoice_number ON crm_invoice (number);

CREATE INDEX ix_crm_invoice_organisation_id ON crm_invoice (organisation_id);

CREATE INDEX ix_crm_invoice_reverses_id ON crm_invoice (reverses_id);

CREATE INDEX ix_crm_invoice_updated_at ON crm_invoice (updated_at);

CREATE TABLE crm_lead (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  pool_id TEXT,
  owner_id TEXT,
  owned_since BIGINT,
  last_owner_id TEXT,
  released_at BIGINT,
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  person TEXT NOT NULL,
  title TEXT NOT NULL,
  mobile TEXT NOT NULL,
  phone TEXT NOT NULL,
  email TEXT NOT NULL,
  website TEXT NOT NULL,
  source TEXT NOT NULL,
  score BIGINT NOT NULL,
  wants TEXT NOT NULL,
  state TEXT NOT NULL,
  lost_reason TEXT NOT NULL,
  account_id TEXT,
  contact_id TEXT,
  opportunity_id TEXT,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_lead_account_id ON crm_lead (account_id);

CREATE INDEX ix_crm_lead_contact_id ON crm_lead (contact_id);

CREATE INDEX ix_crm_lead_last_owner_id ON crm_lead (last_owner_id);

CREATE INDEX ix_crm_lead_number ON crm_lead (number);

CREATE INDEX ix_crm_lead_opportunity_id ON crm_lead (opportunity_id);

CREATE INDEX ix_crm_lead_owner_id ON crm_lead (owner_id);

CREATE INDEX ix_crm_lead_pool_id ON crm_lead (pool_id);

CREATE INDEX ix_crm_lead_updated_at ON crm_lead (updated_at);

CREATE TABLE crm_opportunity (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  organisation_id TEXT,
  account_id TEXT NOT NULL,
  contact_id TEXT,
  owner_id TEXT,
  source TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL,
  expected_on DATE,
  stage TEXT NOT NULL,
  probability BIGINT,
  state TEXT NOT NULL,
  lost_reason TEXT NOT NULL,
  chance BIGINT NOT NULL,
  weighted BIGINT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_opportunity_account_id ON crm_opportunity (account_id);

CREATE INDEX ix_crm_opportunity_contact_id ON crm_opportunity (contact_id);

CREATE INDEX ix_crm_opportunity_number ON crm_opportunity (number);

CREATE INDEX ix_crm_opportunity_organisation_id ON crm_opportunity (organisation_id);

CREATE INDEX ix_crm_opportunity_owner_id ON crm_opportunity (owner_id);

CREATE INDEX ix_crm_opportunity_updated_at ON crm_opportunity (updated_at);

CREATE TABLE crm_order (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  reference TEXT NOT NULL,
  organisation_id TEXT,
  account_id TEXT NOT NULL,
  contact_id TEXT,
  owner_id TEXT,
  contract_id TEXT,
  ordered_on DATE,
  currency TEXT NOT NULL,
  rate BIGINT NOT NULL,
  base_currency TEXT NOT NULL,
  state TEXT NOT NULL,
  fulfilment TEXT NOT NULL,
  billing TEXT NOT NULL,
  payment TEXT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  base_gross BIGINT NOT NULL,
  invoiced BIGINT NOT NULL,
  paid BIGINT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_order_account_id ON crm_order (account_id);

CREATE INDEX ix_crm_order_contact_id ON crm_order (contact_id);

CREATE INDEX ix_crm_order_contract_id ON crm_order (contract_id);

CREATE INDEX ix_crm_order_number ON crm_order (number);

CREATE INDEX ix_crm_order_organisation_id ON crm_order (organisation_id);

CREATE INDEX ix_crm_order_owner_id ON crm_order (owner_id);

CREATE INDEX ix_crm_order_updated_at ON crm_order (updated_at);

CREATE TABLE crm_organisation (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  name TEXT NOT NULL,
  currency TEXT NOT NULL,
  zone TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_organisation_name ON crm_organisation (name);

CREATE INDEX ix_crm_organisation_updated_at ON crm_organisation (updated_at);

CREATE TABLE crm_payment (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  reference TEXT NOT NULL,
  type TEXT NOT NULL,
  reverses_id TEXT,
  organisation_id TEXT,
  account_id TEXT NOT NULL,
  method TEXT NOT NULL,
  paid_on DATE,
  currency TEXT NOT NULL,
  rate BIGINT NOT NULL,
  base_currency TEXT NOT NULL,
  amount BIGINT NOT NULL,
  base_amount BIGINT NOT NULL,
  fee BIGINT NOT NULL,
  allocated BIGINT NOT NULL,
  refunded BIGINT NOT NULL,
  state TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_payment_account_id ON crm_payment (account_id);

CREATE INDEX ix_crm_payment_number ON crm_payment (number);

CREATE INDEX ix_crm_payment_organisation_id ON crm_payment (organisation_id);

CREATE INDEX ix_crm_payment_reverses_id ON crm_payment (reverses_id);

CREATE INDEX ix_crm_payment_updated_at ON crm_payment (updated_at);

CREATE TABLE crm_payment_plan (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  account_id TEXT NOT NULL,
  order_id TEXT,
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  paid BIGINT NOT NULL,
  promised BIGINT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_payment_plan_account_id ON crm_payment_plan (account_id);

CREATE INDEX ix_crm_payment_plan_number ON crm_payment_plan (number);

CREATE INDEX ix_crm_payment_plan_order_id ON crm_payment_plan (order_id);

CREATE INDEX ix_crm_payment_plan_updated_at ON crm_payment_plan (updated_at);

CREATE TABLE crm_pool (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  name TEXT NOT NULL,
  members TEXT NOT NULL,
  "limit" BIGINT NOT NULL,
  protect_days BIGINT NOT NULL,
  recycle_days BIGINT NOT NULL,
  again_days BIGINT NOT NULL,
  note TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_pool_name ON crm_pool (name);

CREATE INDEX ix_crm_pool_updated_at ON crm_pool (updated_at);

CREATE TABLE crm_product (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  unit TEXT NOT NULL,
  list_price BIGINT NOT NULL,
  currency TEXT NOT NULL,
  tax_rate BIGINT,
  note TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_product_number ON crm_product (number);

CREATE INDEX ix_crm_product_updated_at ON crm_product (updated_at);

CREATE TABLE crm_quote (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  version BIGINT NOT NULL,
  revises_id TEXT,
  organisation_id TEXT,
  account_id TEXT NOT NULL,
  contact_id TEXT,
  owner_id TEXT,
  opportunity_id TEXT,
  quoted_on DATE,
  valid_until DATE,
  currency TEXT NOT NULL,
  rate BIGINT NOT NULL,
  base_currency TEXT NOT NULL,
  state TEXT NOT NULL,
  lost_reason TEXT NOT NULL,
  order_id TEXT,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  base_gross BIGINT NOT NULL,
  terms TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_quote_account_id ON crm_quote (account_id);

CREATE INDEX ix_crm_quote_contact_id ON crm_quote (contact_id);

CREATE INDEX ix_crm_quote_number ON crm_quote (number);

CREATE INDEX ix_crm_quote_opportunity_id ON crm_quote (opportunity_id);

CREATE INDEX ix_crm_quote_order_id ON crm_quote (order_id);

CREATE INDEX ix_crm_quote_organisation_id ON crm_quote (organisation_id);

CREATE INDEX ix_crm_quote_owner_id ON crm_quote (owner_id);

CREATE INDEX ix_crm_quote_revises_id ON crm_quote (revises_id);

CREATE INDEX ix_crm_quote_updated_at ON crm_quote (updated_at);

CREATE TABLE crm_task (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  subject TEXT NOT NULL,
  owner_id TEXT,
  due_on DATE,
  account_id TEXT,
  about_kind TEXT NOT NULL,
  about_id TEXT,
  cause TEXT NOT NULL,
  state TEXT NOT NULL,
  ended_at BIGINT,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_task_about_id ON crm_task (about_id);

CREATE INDEX ix_crm_task_account_id ON crm_task (account_id);

CREATE INDEX ix_crm_task_owner_id ON crm_task (owner_id);

CREATE INDEX ix_crm_task_subject ON crm_task (subject);

CREATE INDEX ix_crm_task_updated_at ON crm_task (updated_at);

CREATE TABLE crm_ticket (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  subject TEXT NOT NULL,
  account_id TEXT NOT NULL,
  contact_id TEXT,
  order_id TEXT,
  product_id TEXT,
  owner_id TEXT,
  channel TEXT NOT NULL,
  priority TEXT NOT NULL,
  state TEXT NOT NULL,
  opened_at BIGINT,
  first_response_at BIGINT,
  resolved_at BIGINT,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_ticket_account_id ON crm_ticket (account_id);

CREATE INDEX ix_crm_ticket_contact_id ON crm_ticket (contact_id);

CREATE INDEX ix_crm_ticket_number ON crm_ticket (number);

CREATE INDEX ix_crm_ticket_order_id ON crm_ticket (order_id);

CREATE INDEX ix_crm_ticket_owner_id ON crm_ticket (owner_id);

CREATE INDEX ix_crm_ticket_product_id ON crm_ticket (product_id);

CREATE INDEX ix_crm_ticket_updated_at ON crm_ticket (updated_at);

CREATE TABLE crm_user (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  mobile TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_user_email_folded ON crm_user (lower(email));

CREATE INDEX ix_crm_user_name ON crm_user (name);

CREATE INDEX ix_crm_user_updated_at ON crm_user (updated_at);

CREATE TABLE crm_voucher (
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT,
  updated_at BIGINT,
  deleted_at BIGINT,
  tags JSON NOT NULL,
  attributes JSON NOT NULL,
  custom JSON NOT NULL,
  number TEXT NOT NULL,
  posted_number TEXT NOT NULL,
  ledger TEXT NOT NULL,
  word TEXT NOT NULL,
  "trigger" TEXT NOT NULL,
  source_kind TEXT NOT NULL,
  source_id TEXT,
  basis TEXT NOT NULL,
  reverses_id TEXT,
  organisation_id TEXT,
  booked_on DATE,
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  attachments BIGINT NOT NULL,
  debit BIGINT NOT NULL,
  credit BIGINT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_crm_voucher_number ON crm_voucher (number);

CREATE INDEX ix_crm_voucher_organisation_id ON crm_voucher (organisation_id);

CREATE INDEX ix_crm_voucher_reverses_id ON crm_voucher (reverses_id);

CREATE INDEX ix_crm_voucher_source_id ON crm_voucher (source_id);

CREATE INDEX ix_crm_voucher_updated_at ON crm_voucher (updated_at);

CREATE TABLE cursor (
  connection TEXT NOT NULL,
  stream TEXT NOT NULL,
  high_water BIGINT,
  epoch BIGINT NOT NULL,
  since BIGINT,
  position JSON,
  resume JSON,
  reading_high BIGINT,
  under_way BOOLEAN NOT NULL,
  complete_once BOOLEAN NOT NULL,
  updated_at BIGINT,
  tally JSON NOT NULL,
  completed_at BIGINT,
  changed_at BIGINT,
  silences JSON NOT NULL,
  listed BIGINT,
  expected BIGINT,
  PRIMARY KEY (connection, stream)
);

CREATE TABLE dead_row (
  connection TEXT NOT NULL,
  stream TEXT NOT NULL,
  external_id TEXT NOT NULL,
  state TEXT NOT NULL,
  code TEXT NOT NULL,
  params JSON NOT NULL,
  words TEXT,
  amount BIGINT,
  currency TEXT,
  attempts BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  facts JSON NOT NULL,
  dropped_at BIGINT,
  PRIMARY KEY (connection, stream, external_id)
);

CREATE INDEX ix_dead_row_state ON dead_row (state);

CREATE TABLE decision (
  id TEXT NOT NULL,
  item TEXT NOT NULL,
  verb TEXT NOT NULL,
  choice TEXT NOT NULL,
  reason TEXT NOT NULL,
  code TEXT NOT NULL,
  label TEXT NOT NULL,
  actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  connection TEXT NOT NULL,
  kind TEXT NOT NULL,
  record_id TEXT,
  remote_id TEXT,
  "before" JSON NOT NULL,
  "after" JSON NOT NULL,
  undone_at BIGINT,
  undone_by TEXT,
  PRIMARY KEY (id)
);

CREATE INDEX ix_decision_at ON decision (at);

CREATE INDEX ix_decision_item ON decision (item);

CREATE TABLE enclosure (
  digest TEXT NOT NULL,
  media_type TEXT NOT NULL,
  body BLOB NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (digest)
);

CREATE TABLE event (
  id TEXT NOT NULL,
  connection TEXT NOT NULL,
  "key" TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  method TEXT NOT NULL,
  target TEXT NOT NULL,
  headers JSON NOT NULL,
  body BLOB NOT NULL,
  state TEXT NOT NULL,
  not_before BIGINT,
  attempts BIGINT NOT NULL,
  code TEXT,
  params JSON NOT NULL,
  words TEXT,
  basis TEXT NOT NULL,
  outcomes JSON NOT NULL,
  done_at BIGINT,
  replays BIGINT NOT NULL,
  replayed_by TEXT,
  PRIMARY KEY (id),
  CONSTRAINT uq_event_connection_key UNIQUE (connection, "key")
);

CREATE INDEX ix_event_connection_received_at ON event (connection, received_at);

CREATE INDEX ix_event_state_received_at ON event (state, received_at);

CREATE TABLE identity_due (
  record_kind TEXT NOT NULL,
  record_id TEXT NOT NULL,
  PRIMARY KEY (record_kind, record_id)
)
 WITHOUT ROWID;

CREATE TABLE identity_verdict (
  id TEXT NOT NULL,
  record_kind TEXT NOT NULL,
  record_id TEXT NOT NULL,
  source TEXT NOT NULL,
  verdict TEXT NOT NULL,
  evidence JSON NOT NULL,
  decided_by TEXT NOT NULL,
  at BIGINT NOT NULL,
  undone_at BIGINT,
  PRIMARY KEY (id)
);

CREATE INDEX ix_identity_verdict_record_kind_record_id ON identity_verdict (record_kind, record_id);

CREATE INDEX ix_identity_verdict_record_kind_source ON identity_verdict (record_kind, source);

CREATE TABLE image (
  record_kind TEXT NOT NULL,
  record_id TEXT NOT NULL,
  source TEXT NOT NULL,
  connection TEXT,
  stream TEXT,
  external_id TEXT,
  "values" JSON NOT NULL,
  origins JSON NOT NULL,
  changed JSON NOT NULL,
  mapping_version TEXT NOT NULL,
  version BIGINT NOT NULL,
  digest TEXT NOT NULL,
  at BIGINT NOT NULL,
  home_id TEXT,
  PRIMARY KEY (record_kind, record_id, source)
);

CREATE INDEX ix_image_connection_stream_external_id ON image (connection, stream, external_id);

CREATE TABLE journal (
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  record_kind TEXT,
  record_id TEXT,
  connection TEXT,
  remote_id TEXT,
  run_id TEXT,
  detail JSON NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_journal_at ON journal (at);

CREATE INDEX ix_journal_record_id_at ON journal (record_id, at);

CREATE INDEX ix_journal_run_id ON journal (run_id);

CREATE TABLE journal_seal (
  number BIGINT NOT NULL,
  rows BIGINT NOT NULL,
  ids BLOB NOT NULL,
  salts BLOB NOT NULL,
  leaves BLOB NOT NULL,
  "before" TEXT NOT NULL,
  digest TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (number)
);

CREATE TABLE lease (
  name TEXT NOT NULL,
  holder TEXT NOT NULL,
  until BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  PRIMARY KEY (name)
);

CREATE TABLE lookup (
  connection TEXT NOT NULL,
  api TEXT NOT NULL,
  "key" TEXT NOT NULL,
  found BOOLEAN NOT NULL,
  answer JSON NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (connection, api, "key")
);

CREATE TABLE lookup_spend (
  connection TEXT NOT NULL,
  day DATE NOT NULL,
  api TEXT NOT NULL,
  calls BIGINT NOT NULL,
  cost BIGINT NOT NULL,
  PRIMARY KEY (connection, day, api)
);

CREATE TABLE lookup_wait (
  connection TEXT NOT NULL,
  api TEXT NOT NULL,
  "key" TEXT NOT NULL,
  not_before BIGINT NOT NULL,
  named BOOLEAN NOT NULL,
  code TEXT NOT NULL,
  params JSON NOT NULL,
  PRIMARY KEY (connection, api, "key")
);

CREATE TABLE mass_stop (
  connection TEXT NOT NULL,
  kind TEXT NOT NULL,
  way TEXT NOT NULL,
  over JSON NOT NULL,
  counts JSON NOT NULL,
  known BIGINT NOT NULL,
  fields JSON NOT NULL,
  amounts JSON NOT NULL,
  examples JSON NOT NULL,
  cause TEXT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  look_again_at BIGINT,
  allowed JSON NOT NULL,
  allowed_by TEXT,
  PRIMARY KEY (connection, kind, way)
);

CREATE TABLE merge (
  id TEXT NOT NULL,
  record_kind TEXT NOT NULL,
  loser_id TEXT NOT NULL,
  survivor_id TEXT NOT NULL,
  root_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  evidence JSON NOT NULL,
  at BIGINT NOT NULL,
  primaries JSON NOT NULL,
  dropped JSON NOT NULL,
  undone_at BIGINT,
  undone_by TEXT,
  PRIMARY KEY (id)
);

CREATE INDEX ix_merge_record_kind_loser_id ON merge (record_kind, loser_id);

CREATE INDEX ix_merge_record_kind_root_id ON merge (record_kind, root_id);

CREATE INDEX ix_merge_record_kind_survivor_id ON merge (record_kind, survivor_id);

CREATE UNIQUE INDEX uq_merge_record_kind_loser_id ON merge (record_kind, loser_id) WHERE undone_at IS NULL;

CREATE TABLE merge_ref (
  merge_id TEXT NOT NULL,
  record_kind TEXT NOT NULL,
  record_id TEXT NOT NULL,
  PRIMARY KEY (merge_id, record_kind, record_id)
);

CREATE TABLE notify_target (
  target TEXT NOT NULL,
  sent_at BIGINT,
  failures BIGINT NOT NULL,
  failing_since BIGINT,
  not_before BIGINT,
  error_code TEXT,
  error_params JSON NOT NULL,
  error_words TEXT,
  PRIMARY KEY (target)
);

CREATE TABLE notify_told (
  target TEXT NOT NULL,
  thing TEXT NOT NULL,
  print TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (target, thing)
);

CREATE TABLE number_series (
  kind TEXT NOT NULL,
  prefix TEXT NOT NULL,
  next_value BIGINT NOT NULL,
  PRIMARY KEY (kind, prefix)
);

CREATE TABLE orphan (
  connection TEXT NOT NULL,
  kind TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  binding_id TEXT,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (connection, kind, remote_id)
);

CREATE INDEX ix_orphan_state ON orphan (state);

CREATE TABLE pair_verdict (
  id TEXT NOT NULL,
  record_kind TEXT NOT NULL,
  one_id TEXT NOT NULL,
  other_id TEXT NOT NULL,
  verdict TEXT NOT NULL,
  weight BIGINT NOT NULL,
  evidence JSON NOT NULL,
  against TEXT,
  version TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  at BIGINT NOT NULL,
  later_at BIGINT,
  undone_at BIGINT,
  PRIMARY KEY (id)
);

CREATE INDEX ix_pair_verdict_record_kind_one_id ON pair_verdict (record_kind, one_id);

CREATE INDEX ix_pair_verdict_record_kind_other_id ON pair_verdict (record_kind, other_id);

CREATE INDEX ix_pair_verdict_verdict_undone_at ON pair_verdict (verdict, undone_at);

CREATE UNIQUE INDEX uq_pair_verdict_record_kind_one_id_other_id ON pair_verdict (record_kind, one_id, other_id) WHERE undone_at IS NULL;

CREATE TABLE payload (
  id TEXT NOT NULL,
  connection TEXT NOT NULL,
  stream TEXT NOT NULL,
  external_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  digest TEXT NOT NULL,
  body BLOB NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX ix_payload_connection_stream_external_id_at ON payload (connection, stream, external_id, at);

CREATE TABLE "plan" (
  id TEXT NOT NULL,
  label TEXT NOT NULL,
  connection TEXT NOT NULL,
  kinds JSON NOT NULL,
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  accepted_at BIGINT,
  accepted_by TEXT,
  used_at BIGINT,
  settings JSON NOT NULL,
  summary JSON NOT NULL,
  codes JSON NOT NULL,
  masses JSON NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT uq_plan_label UNIQUE (label)
);

CREATE INDEX ix_plan_connection_made_at ON "plan" (connection, made_at);

CREATE TABLE plan_item (
  plan_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  kind TEXT NOT NULL,
  binding_id TEXT,
  record_id TEXT,
  remote_id TEXT,
  side TEXT NOT NULL,
  action TEXT NOT NULL,
  label TEXT NOT NULL,
  reason TEXT,
  reason_params JSON NOT NULL,
  changes JSON NOT NULL,
  amount BIGINT,
  currency TEXT,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (plan_id, position)
);

CREATE INDEX ix_plan_item_binding_id ON plan_item (binding_id);

CREATE TABLE probe (
  connection TEXT NOT NULL,
  kind TEXT NOT NULL,
  passed BOOLEAN NOT NULL,
  declaration TEXT NOT NULL,
  facts JSON NOT NULL,
  left_ref TEXT,
  actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (connection, kind)
);

CREATE TABLE remap (
  id TEXT NOT NULL,
  label TEXT NOT NULL,
  kind TEXT NOT NULL,
  connections JSON NOT NULL,
  versions JSON NOT NULL,
  state TEXT NOT NULL,
  summary JSON NOT NULL,
  position JSON,
  counts JSON NOT NULL,
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  accepted_at BIGINT,
  accepted_by TEXT,
  ended_at BIGINT,
  PRIMARY KEY (id),
  CONSTRAINT uq_remap_label UNIQUE (label)
);

CREATE TABLE run (
  id TEXT NOT NULL,
  number BIGINT NOT NULL,
  connection TEXT NOT NULL,
  kinds JSON NOT NULL,
  actor TEXT NOT NULL,
  plan_id TEXT,
  state TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  lease_until BIGINT,
  ended_at BIGINT,
  counts JSON NOT NULL,
  error_code TEXT,
  error_params JSON NOT NULL,
  error_words TEXT,
  PRIMARY KEY (id),
  CONSTRAINT uq_run_number UNIQUE (number)
);

CREATE INDEX ix_run_connection_started_at ON run (connection, started_at);

CREATE INDEX ix_run_state ON run (state);

CREATE TABLE secret (
  name TEXT NOT NULL,
  token BLOB NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (name)
);

CREATE TABLE setting (
  name TEXT NOT NULL,
  value JSON,
  PRIMARY KEY (name)
);

CREATE TABLE sign (
  record_kind TEXT NOT NULL,
  sign TEXT NOT NULL,
  side TEXT NOT NULL,
  "key" TEXT NOT NULL,
  PRIMARY KEY (record_kind, sign, side, "key")
);

CREATE INDEX ix_sign_record_kind_side_key ON sign (record_kind, side, "key");

CREATE TABLE sync_state (
  connection TEXT NOT NULL,
  kind TEXT NOT NULL,
  accepted_settings TEXT,
  paused BOOLEAN NOT NULL,
  pause_code TEXT,
  next_due BIGINT,
  called_at BIGINT,
  last_run_at BIGINT,
  last_ok_at BIGINT,
  signs_noted BOOLEAN NOT NULL,
  PRIMARY KEY (connection, kind)
);

CREATE TABLE voucher_hold (
  ledger TEXT NOT NULL,
  source_id TEXT NOT NULL,
  "trigger" TEXT NOT NULL,
  source_kind TEXT NOT NULL,
  source TEXT NOT NULL,
  state TEXT NOT NULL,
  code TEXT NOT NULL,
  params JSON NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (ledger, source_id, "trigger")
);

CREATE INDEX ix_voucher_hold_source_id ON voucher_hold (source_id);

CREATE TABLE crm_account_address (
  account_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  kind TEXT NOT NULL,
  country TEXT NOT NULL,
  province TEXT NOT NULL,
  city TEXT NOT NULL,
  street TEXT NOT NULL,
  postal_code TEXT NOT NULL,
  PRIMARY KEY (account_id, "key"),
  FOREIGN KEY(account_id) REFERENCES crm_account (id) ON DELETE CASCADE
);

CREATE TABLE crm_account_identifier (
  account_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  validity TEXT NOT NULL,
  PRIMARY KEY (account_id, "key"),
  FOREIGN KEY(account_id) REFERENCES crm_account (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_account_identifier_value ON crm_account_identifier (value);

CREATE TABLE crm_activity_attachment (
  activity_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size BIGINT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (activity_id, "key"),
  FOREIGN KEY(activity_id) REFERENCES crm_activity (id) ON DELETE CASCADE
);

CREATE TABLE crm_activity_bounce (
  activity_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  address TEXT NOT NULL,
  status TEXT NOT NULL,
  reason TEXT NOT NULL,
  contact_id TEXT,
  PRIMARY KEY (activity_id, "key"),
  FOREIGN KEY(activity_id) REFERENCES crm_activity (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_activity_bounce_address ON crm_activity_bounce (address);

CREATE INDEX ix_crm_activity_bounce_contact_id ON crm_activity_bounce (contact_id);

CREATE TABLE crm_activity_mention (
  activity_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  kind TEXT NOT NULL,
  number TEXT NOT NULL,
  PRIMARY KEY (activity_id, "key"),
  FOREIGN KEY(activity_id) REFERENCES crm_activity (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_activity_mention_number ON crm_activity_mention (number);

CREATE TABLE crm_activity_people (
  activity_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  address TEXT NOT NULL,
  name TEXT NOT NULL,
  part TEXT NOT NULL,
  answer TEXT NOT NULL,
  contact_id TEXT,
  user_id TEXT,
  PRIMARY KEY (activity_id, "key"),
  FOREIGN KEY(activity_id) REFERENCES crm_activity (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_activity_people_address ON crm_activity_people (address);

CREATE INDEX ix_crm_activity_people_contact_id ON crm_activity_people (contact_id);

CREATE INDEX ix_crm_activity_people_user_id ON crm_activity_people (user_id);

CREATE TABLE crm_activity_topic (
  activity_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  kind TEXT NOT NULL,
  record_id TEXT NOT NULL,
  PRIMARY KEY (activity_id, "key"),
  FOREIGN KEY(activity_id) REFERENCES crm_activity (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_activity_topic_record_id ON crm_activity_topic (record_id);

CREATE TABLE crm_contact_identifier (
  contact_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  validity TEXT NOT NULL,
  PRIMARY KEY (contact_id, "key"),
  FOREIGN KEY(contact_id) REFERENCES crm_contact (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_contact_identifier_value ON crm_contact_identifier (value);

CREATE TABLE crm_contact_link (
  contact_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  account_id TEXT NOT NULL,
  role TEXT NOT NULL,
  "primary" BOOLEAN NOT NULL,
  PRIMARY KEY (contact_id, "key"),
  FOREIGN KEY(contact_id) REFERENCES crm_contact (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_contact_link_account_id ON crm_contact_link (account_id);

CREATE TABLE crm_delivery_line (
  delivery_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  product_id TEXT,
  order_line TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  unit TEXT NOT NULL,
  PRIMARY KEY (delivery_id, "key"),
  FOREIGN KEY(delivery_id) REFERENCES crm_delivery (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_delivery_line_product_id ON crm_delivery_line (product_id);

CREATE TABLE crm_invoice_line (
  invoice_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  product_id TEXT,
  name TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  unit TEXT NOT NULL,
  unit_price BIGINT NOT NULL,
  tax_rate BIGINT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  order_id TEXT,
  order_line TEXT NOT NULL,
  PRIMARY KEY (invoice_id, "key"),
  FOREIGN KEY(invoice_id) REFERENCES crm_invoice (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_invoice_line_order_id ON crm_invoice_line (order_id);

CREATE INDEX ix_crm_invoice_line_product_id ON crm_invoice_line (product_id);

CREATE TABLE crm_lead_identifier (
  lead_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  validity TEXT NOT NULL,
  PRIMARY KEY (lead_id, "key"),
  FOREIGN KEY(lead_id) REFERENCES crm_lead (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_lead_identifier_value ON crm_lead_identifier (value);

CREATE TABLE crm_opportunity_history (
  opportunity_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  stage TEXT NOT NULL,
  state TEXT NOT NULL,
  chance BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  at BIGINT NOT NULL,
  "by" TEXT NOT NULL,
  PRIMARY KEY (opportunity_id, "key"),
  FOREIGN KEY(opportunity_id) REFERENCES crm_opportunity (id) ON DELETE CASCADE
);

CREATE TABLE crm_order_line (
  order_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  product_id TEXT,
  name TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  unit TEXT NOT NULL,
  unit_price BIGINT NOT NULL,
  tax_rate BIGINT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  PRIMARY KEY (order_id, "key"),
  FOREIGN KEY(order_id) REFERENCES crm_order (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_order_line_product_id ON crm_order_line (product_id);

CREATE TABLE crm_organisation_identifier (
  organisation_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  validity TEXT NOT NULL,
  PRIMARY KEY (organisation_id, "key"),
  FOREIGN KEY(organisation_id) REFERENCES crm_organisation (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_organisation_identifier_value ON crm_organisation_identifier (value);

CREATE TABLE crm_payment_allocation (
  payment_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  target TEXT NOT NULL,
  invoice_id TEXT,
  order_id TEXT,
  plan_id TEXT,
  instalment TEXT NOT NULL,
  amount BIGINT NOT NULL,
  target_amount BIGINT,
  PRIMARY KEY (payment_id, "key"),
  FOREIGN KEY(payment_id) REFERENCES crm_payment (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_payment_allocation_invoice_id ON crm_payment_allocation (invoice_id);

CREATE INDEX ix_crm_payment_allocation_order_id ON crm_payment_allocation (order_id);

CREATE INDEX ix_crm_payment_allocation_plan_id ON crm_payment_allocation (plan_id);

CREATE TABLE crm_payment_plan_instalment (
  payment_plan_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  due_on DATE,
  amount BIGINT NOT NULL,
  note TEXT NOT NULL,
  paid BIGINT NOT NULL,
  PRIMARY KEY (payment_plan_id, "key"),
  FOREIGN KEY(payment_plan_id) REFERENCES crm_payment_plan (id) ON DELETE CASCADE
);

CREATE TABLE crm_quote_line (
  quote_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  product_id TEXT,
  name TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  unit TEXT NOT NULL,
  unit_price BIGINT NOT NULL,
  tax_rate BIGINT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  PRIMARY KEY (quote_id, "key"),
  FOREIGN KEY(quote_id) REFERENCES crm_quote (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_quote_line_product_id ON crm_quote_line (product_id);

CREATE TABLE crm_voucher_line (
  voucher_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  "key" TEXT NOT NULL,
  summary TEXT NOT NULL,
  role TEXT NOT NULL,
  account_code TEXT NOT NULL,
  debit BIGINT NOT NULL,
  credit BIGINT NOT NULL,
  account_id TEXT,
  product_id TEXT,
  department TEXT NOT NULL,
  employee TEXT NOT NULL,
  currency TEXT NOT NULL,
  rate BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (voucher_id, "key"),
  FOREIGN KEY(voucher_id) REFERENCES crm_voucher (id) ON DELETE CASCADE
);

CREATE INDEX ix_crm_voucher_line_account_id ON crm_voucher_line (account_id);

CREATE INDEX ix_crm_voucher_line_product_id ON crm_voucher_line (product_id);
