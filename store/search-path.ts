// Keeps other roles' functions and operators out of our statements. Every connection to the store begins with this.

/**
 * Takes `"$user"` out of the session's search_path unless the schema of that name is the role's own or a superuser's; no one can create the
 * schema that takes its place there. A tenant that may create schemas could make one with the name of another role, and an operator in it
 * that fits better than PostgreSQL's would be called with that role's rights. All else in the search_path stays: operators of types such as
 * citext are found by it.
 */
export const ownSearchPath = `
  SET search_path = pg_catalog;
  SELECT set_config('search_path',
    CASE WHEN EXISTS (SELECT FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = current_user AND (r.rolsuper OR r.rolname = current_user))
      THEN reset_val ELSE replace(reset_val, '"$user"', 'pg_nobody') END, false)
  FROM pg_settings WHERE name = 'search_path'`
