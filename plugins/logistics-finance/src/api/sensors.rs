//! Sensors: registered, switched, and heard.

use super::types::*;
use super::{answer, listed, read, step};
use crate::service::sensors::NewDevice;
use crate::service::{Refusal, sensors, who};
use yunlong_sdk::{Input, Router, StatusCode};

/// Adds the operations.
pub(super) fn routes(router: Router) -> Router {
    router
        .operation(
            read("/api/warehouses/{warehouse}/devices", "listDevices", "sensors")
                .summary("A warehouse's sensors: for its custodian and regulators")
                .path::<WarehousePath>()
                .query::<Paging>(),
            |r, i: Input<WarehousePath, Paging>| {
                answer(
                    r,
                    who().and_then(|a| {
                        listed::<_, DeviceItem>(i.query, |n, after| sensors::devices(&a, &i.path.warehouse, n, after))
                    }),
                )
            },
        )
        .operation(
            step("/api/warehouses/{warehouse}/devices", "registerDevice", "sensors")
                .summary("Register a sensor: for the warehouse's custodian. Its secret is told this once")
                .path::<WarehousePath>()
                .body::<NewDeviceBody>()
                .status(StatusCode::CREATED),
            |r, i: Input<WarehousePath, (), NewDeviceBody>| answer(r, register_device(i.path.warehouse, i.body)),
        )
        .operation(
            read("/api/devices/{device}", "getDevice", "sensors").summary("One sensor").path::<DevicePath>(),
            |r, i: Input<DevicePath>| {
                answer(r, who().and_then(|a| sensors::device(&a, &i.path.device)).map(DeviceItem::from))
            },
        )
        .operation(
            step("/api/devices/{device}/renew-secret", "renewDeviceSecret", "sensors")
                .summary("Give a sensor another secret: the old one is void at once")
                .path::<DevicePath>(),
            |r, i: Input<DevicePath>| {
                answer(r, who().and_then(|a| sensors::renew_secret(&a, &i.path.device)).map(DeviceItem::from))
            },
        )
        .operation(
            step("/api/devices/{device}/switch", "switchDevice", "sensors")
                .summary("Switch a sensor on or off")
                .path::<DevicePath>()
                .body::<SwitchBody>(),
            |r, i: Input<DevicePath, (), SwitchBody>| {
                answer(r, who().and_then(|a| sensors::switch(&a, &i.path.device, i.body.active)).map(DeviceItem::from))
            },
        )
}

fn register_device(warehouse: String, b: NewDeviceBody) -> Result<DeviceItem, Refusal> {
    let new = NewDevice { warehouse, place: b.place, method: b.method, public_key: b.public_key.unwrap_or_default() };
    sensors::register(&who()?, &new).map(DeviceItem::from)
}
