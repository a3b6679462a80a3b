// Time stands still in a test; nobody else will change anything meanwhile.
export const subscribeDuration = (): { block(): void } => ({ block() {} });
