//! Indexes by what they find.

use super::{
    Alert, Borrower, Consent, Device, Entry, Flow, FreightOrder, Index, Loan, Lot, PastQuote, Pledge, Receipt,
    SensorEvent, Warehouse, Waybill,
};

/// A custodian's warehouses.
pub const WAREHOUSE_CUSTODIAN: Index<Warehouse> = Index::new("by-custodian");
/// A warehouse's lots.
pub const LOT_WAREHOUSE: Index<Lot> = Index::new("by-warehouse");
/// A custodian's lots.
pub const LOT_CUSTODIAN: Index<Lot> = Index::new("by-custodian");
/// A custodian's lots, by what is missing.
pub const LOT_MISSING: Index<Lot> = Index::new("by-missing");
/// An owner's lots.
pub const LOT_OWNER: Index<Lot> = Index::new("by-owner");
/// A holder's receipts.
pub const RECEIPT_HOLDER: Index<Receipt> = Index::new("by-holder");
/// A custodian's receipts, by state and time.
pub const RECEIPT_CUSTODIAN_STATE: Index<Receipt> = Index::new("by-custodian-state");
/// All receipts, by state and time.
pub const RECEIPT_STATE: Index<Receipt> = Index::new("by-state");
/// A custodian's receipts.
pub const RECEIPT_CUSTODIAN: Index<Receipt> = Index::new("by-custodian");
/// A lot's receipts, by their state.
pub const RECEIPT_LOT: Index<Receipt> = Index::new("by-lot");
/// All receipts, by time.
pub const RECEIPT_TIME: Index<Receipt> = Index::new("by-time");
/// The unique index: one standing pledge for a receipt.
pub const PLEDGE_STANDING: Index<Pledge> = Index::new("one-standing");
/// A loan's pledges, by their state.
pub const PLEDGE_LOAN: Index<Pledge> = Index::new("by-loan");
/// Pledges on a lot, by their state.
pub const PLEDGE_LOT: Index<Pledge> = Index::new("by-lot");
/// Pledges on a lot, by their bank and state.
pub const PLEDGE_LOT_BANK: Index<Pledge> = Index::new("by-lot-bank");
/// Registered pledges in a warehouse, by their state and since when.
pub const PLEDGE_WAREHOUSE: Index<Pledge> = Index::new("by-warehouse");
/// Pledges of goods, by their state and loan.
pub const PLEDGE_GOODS: Index<Pledge> = Index::new("by-goods");
/// A bank's pledges, by time.
pub const PLEDGE_BANK: Index<Pledge> = Index::new("by-bank");
/// The prices of goods, by time.
pub const QUOTE_GOODS: Index<PastQuote> = Index::new("by-goods");
/// A bank's files.
pub const BORROWER_BANK: Index<Borrower> = Index::new("by-bank");
/// A company's files.
pub const BORROWER_COMPANY: Index<Borrower> = Index::new("by-company");
/// A company's consents.
pub const CONSENT_COMPANY: Index<Consent> = Index::new("by-company");
/// A bank's loans, by time.
pub const LOAN_BANK: Index<Loan> = Index::new("by-bank");
/// A bank's loans, by state and time.
pub const LOAN_BANK_STATE: Index<Loan> = Index::new("by-bank-state");
/// All loans, by state and due day.
pub const LOAN_STATE_DUE: Index<Loan> = Index::new("by-state-due");
/// A bank's loans, by the state of their payment.
pub const LOAN_BANK_PAYMENT: Index<Loan> = Index::new("by-bank-payment");
/// A bank's loans, by the state of their margin call.
pub const LOAN_BANK_MARGIN: Index<Loan> = Index::new("by-bank-margin");
/// A bank's loans that are frozen, by time.
pub const LOAN_BANK_FROZEN: Index<Loan> = Index::new("by-bank-frozen");
/// A bank's loans that are over and hold goods, by time.
pub const LOAN_BANK_HELD: Index<Loan> = Index::new("by-bank-held");
/// A company's loans, by state and time.
pub const LOAN_BORROWER_STATE: Index<Loan> = Index::new("by-borrower-state");
/// A company's loans, by the state of their margin call.
pub const LOAN_BORROWER_MARGIN: Index<Loan> = Index::new("by-borrower-margin");
/// A company's loans.
pub const LOAN_BORROWER: Index<Loan> = Index::new("by-borrower");
/// All loans, by time.
pub const LOAN_TIME: Index<Loan> = Index::new("by-time");
/// A loan's entries.
pub const ENTRY_LOAN: Index<Entry> = Index::new("by-loan");
/// A bank's entries.
pub const ENTRY_BANK: Index<Entry> = Index::new("by-bank");
/// The unique index: a bank moves money once under a number.
pub const ENTRY_NUMBER: Index<Entry> = Index::new("one-number");
/// A bank's alerts.
pub const ALERT_BANK: Index<Alert> = Index::new("by-bank");
/// Alerts that nobody has seen, by their bank.
pub const ALERT_UNSEEN: Index<Alert> = Index::new("by-unseen");
/// All alerts.
pub const ALERT_TIME: Index<Alert> = Index::new("by-time");
/// A carrier's freight orders that wait for a waybill.
pub const FREIGHT_OPEN: Index<FreightOrder> = Index::new("by-open");
/// A shipper's freight orders.
pub const FREIGHT_SHIPPER: Index<FreightOrder> = Index::new("by-shipper");
/// A carrier's freight orders.
pub const FREIGHT_CARRIER: Index<FreightOrder> = Index::new("by-carrier");
/// A carrier's waybills, by state and time.
pub const WAYBILL_CARRIER_STATE: Index<Waybill> = Index::new("by-carrier-state");
/// A carrier's waybills.
pub const WAYBILL_CARRIER: Index<Waybill> = Index::new("by-carrier");
/// A shipper's waybills.
pub const WAYBILL_SHIPPER: Index<Waybill> = Index::new("by-shipper");
/// All waybills.
pub const WAYBILL_TIME: Index<Waybill> = Index::new("by-time");
/// A bank's links, by state and time.
pub const FLOW_BANK_STATE: Index<Flow> = Index::new("by-bank-state");
/// A seller's links, by state and time.
pub const FLOW_SELLER_STATE: Index<Flow> = Index::new("by-seller-state");
/// A buyer's links.
pub const FLOW_BUYER: Index<Flow> = Index::new("by-buyer");
/// A seller's links.
pub const FLOW_SELLER: Index<Flow> = Index::new("by-seller");
/// A bank's links.
pub const FLOW_BANK: Index<Flow> = Index::new("by-bank");
/// All links.
pub const FLOW_TIME: Index<Flow> = Index::new("by-time");
/// The unique index: one link for a waybill.
pub const FLOW_WAYBILL: Index<Flow> = Index::new("one-waybill");
/// A warehouse's devices.
pub const DEVICE_WAREHOUSE: Index<Device> = Index::new("by-warehouse");
/// What was seen of a lot.
pub const EVENT_LOT: Index<SensorEvent> = Index::new("by-lot");
/// What was seen in a warehouse.
pub const EVENT_WAREHOUSE: Index<SensorEvent> = Index::new("by-warehouse");
