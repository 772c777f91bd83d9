// Computes the SCRAM-SHA-256 verifier that PostgreSQL stores, so that the password itself never reaches the server or its log. Called by tenants.ts.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

const iterations = 4096

/** The verifier of a password, for ALTER ROLE … PASSWORD. The password is normalized with NFKC, which equals libpq's SASLprep for usual text. */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`
}
