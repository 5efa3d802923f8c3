/*
 * Every visible text, one table for each language. The compiler holds the tables to the same keys; what is
 * a function takes what varies.
 */
import type { ErrorCode } from "./client/index.js";

/** The languages of the page. */
export type Language = "en" | "es";

const en = {
  title: "Bluegate demo",
  skip: "Skip to the content",
  otherLanguage: "Español",
  loading: "One moment…",
  foot: "Sandbox with made-up people. No real person's data is shown here.",

  welcome: "See your Medicare claims",
  explain:
    "This page shows what an app can do with your permission: you sign in at Medicare's sandbox, choose what to share, and see your coverage and claims here.",
  signIn: "Sign in and choose what to share",
  signingIn: "Taking you to the sign-in page…",
  sandboxHint: "To try it, sign in with one of the sandbox's made-up accounts:",
  user: "User",
  password: "Password",

  signOut: "Sign out",
  signingOut: "Signing out…",
  signedOut: "You are signed out, and this page's access has ended.",
  signOutFailed:
    "You are signed out here, but we could not tell the gateway to end the access. It ends by itself soon.",

  hello: "Your Medicare data",
  person: "About you",
  name: "Name",
  patientId: "Patient id",
  birthDate: "Date of birth",
  sharedUntil: "Shared with this page until",
  withheld: "You chose not to share your name and other personal details with this page.",

  coverage: "Your coverage",
  noCoverage: "No coverage is on record.",
  parts: {
    A: "Part A, hospital",
    B: "Part B, medical",
    C: "Part C, Medicare Advantage",
    D: "Part D, prescription drugs",
    Dual: "Medicare and Medicaid",
  },
  coverageActive: "Active",
  coverageInactive: "Not active",
  since: (from: string) => `since ${from}`,
  between: (from: string, to: string) => `${from} to ${to}`,
  until: (to: string) => `until ${to}`,

  claims: "Your claims",
  noClaims: "No claims are on record.",
  shownOf: (shown: number, total: number) => `${shown} of ${total} shown`,
  shown: (shown: number) => `${shown} shown`,
  loadMore: "Load more claims",
  loadingMore: "Loading…",
  claimTypes: {
    carrier: "Doctor or other provider",
    dme: "Medical equipment",
    hha: "Home health",
    hospice: "Hospice",
    inpatient: "Hospital stay",
    outpatient: "Outpatient care",
    pde: "Prescription drug",
    snf: "Skilled nursing facility",
    unknown: "Claim",
  },
  noDate: "No date",
  noProvider: "Provider not named",
  charged: "Charged",
  medicarePaid: "Medicare paid",
  planPaid: "Plan paid",
  youPaid: "Your share",
  claimId: (id: string) => `Claim ${id}`,
  status: {
    active: "Active",
    cancelled: "Cancelled",
    draft: "Draft",
    other: "Other",
  },

  tryAgain: "Try again",
  support: (id: string) => `If you ask for help, give this number: ${id}`,
  errors: {
    access_denied: "You chose not to share your data with this page. Nothing was shared.",
    application_inactive: "This app is switched off at the moment.",
    bad_response: "The answer could not be read. Please try again in a while.",
    callback_invalid: "The sign-in came back incomplete. Please sign in again.",
    demographics_withheld: "You chose not to share your name and other personal details with this page.",
    discovery_failed:
      "The gateway cannot be used from this address. Open the page at the address that was printed when the gateway started.",
    grant_expired: "The access that you gave has ended. Sign in again to share your data.",
    insufficient_scope: "You did not share this kind of data with this page.",
    invalid_client: "The gateway does not know this app.",
    invalid_request: "The gateway did not understand this page. Please try again.",
    invalid_scope: "This app asked for more than it may see.",
    issuer_mismatch: "The sign-in was answered by someone else than we asked. Nothing was shared. Please sign in again.",
    maintenance: "The service is closed for maintenance. Please come back in a while.",
    not_found: "This record was not found.",
    not_signed_in: "Please sign in first.",
    offline: "The gateway cannot be reached. Check your connection and try again.",
    rate_limited: "There were too many requests. Please wait a minute and try again.",
    revoked: "This page's access was taken back. Sign in again to share your data.",
    server_error: "Your Medicare data cannot be reached at the moment. Please try again later.",
    session_ended: "Your session has ended. Please sign in again.",
    sign_in_expired: "This sign-in was too old or was started in another window. Please sign in again.",
    state_mismatch: "This answer belongs to another sign-in. Nothing was shared. Please sign in again.",
    unsupported: "The gateway cannot do this.",
    wrong_person: "The answer is about somebody else. Nothing of it was kept. Please sign in again.",
    other: "Something went wrong. Please try again.",
  } satisfies Record<ErrorCode | "other", string>,
};

/** What a table has to have. */
export type Texts = typeof en;

const es: Texts = {
  title: "Demostración de Bluegate",
  skip: "Ir al contenido",
  otherLanguage: "English",
  loading: "Un momento…",
  foot: "Entorno de prueba con personas inventadas. Aquí no se muestran datos de ninguna persona real.",

  welcome: "Vea sus reclamaciones de Medicare",
  explain:
    "Esta página muestra lo que una aplicación puede hacer con su permiso: usted inicia sesión en el entorno de prueba de Medicare, elige qué compartir y ve aquí su cobertura y sus reclamaciones.",
  signIn: "Iniciar sesión y elegir qué compartir",
  signingIn: "Le llevamos a la página de inicio de sesión…",
  sandboxHint: "Para probarla, inicie sesión con una de las cuentas inventadas:",
  user: "Usuario",
  password: "Contraseña",

  signOut: "Cerrar sesión",
  signingOut: "Cerrando la sesión…",
  signedOut: "Ha cerrado la sesión y el acceso de esta página ha terminado.",
  signOutFailed:
    "Ha cerrado la sesión aquí, pero no pudimos avisar al servicio de que termine el acceso. Terminará solo dentro de poco.",

  hello: "Sus datos de Medicare",
  person: "Sobre usted",
  name: "Nombre",
  patientId: "Número de paciente",
  birthDate: "Fecha de nacimiento",
  sharedUntil: "Compartido con esta página hasta",
  withheld: "Usted decidió no compartir su nombre ni otros datos personales con esta página.",

  coverage: "Su cobertura",
  noCoverage: "No hay ninguna cobertura registrada.",
  parts: {
    A: "Parte A, hospital",
    B: "Parte B, médica",
    C: "Parte C, Medicare Advantage",
    D: "Parte D, medicamentos recetados",
    Dual: "Medicare y Medicaid",
  },
  coverageActive: "Activa",
  coverageInactive: "No activa",
  since: (from) => `desde el ${from}`,
  between: (from, to) => `del ${from} al ${to}`,
  until: (to) => `hasta el ${to}`,

  claims: "Sus reclamaciones",
  noClaims: "No hay ninguna reclamación registrada.",
  shownOf: (shown, total) => `Se muestran ${shown} de ${total}`,
  shown: (shown) => `Se muestran ${shown}`,
  loadMore: "Cargar más reclamaciones",
  loadingMore: "Cargando…",
  claimTypes: {
    carrier: "Médico u otro proveedor",
    dme: "Equipo médico",
    hha: "Atención médica en el hogar",
    hospice: "Cuidados paliativos",
    inpatient: "Estancia en el hospital",
    outpatient: "Atención ambulatoria",
    pde: "Medicamento recetado",
    snf: "Centro de enfermería especializada",
    unknown: "Reclamación",
  },
  noDate: "Sin fecha",
  noProvider: "Proveedor sin nombre",
  charged: "Importe facturado",
  medicarePaid: "Pagó Medicare",
  planPaid: "Pagó el plan",
  youPaid: "Su parte",
  claimId: (id) => `Reclamación ${id}`,
  status: {
    active: "Activa",
    cancelled: "Cancelada",
    draft: "Borrador",
    other: "Otro",
  },

  tryAgain: "Intentar de nuevo",
  support: (id) => `Si pide ayuda, indique este número: ${id}`,
  errors: {
    access_denied: "Usted decidió no compartir sus datos con esta página. No se compartió nada.",
    application_inactive: "Esta aplicación está desactivada en este momento.",
    bad_response: "No se pudo leer la respuesta. Inténtelo de nuevo dentro de un rato.",
    callback_invalid: "El inicio de sesión llegó incompleto. Inicie sesión de nuevo.",
    demographics_withheld: "Usted decidió no compartir su nombre ni otros datos personales con esta página.",
    discovery_failed:
      "El servicio no se puede usar desde esta dirección. Abra la página en la dirección que se mostró al arrancar el servicio.",
    grant_expired: "El acceso que usted dio ha terminado. Inicie sesión de nuevo para compartir sus datos.",
    insufficient_scope: "Usted no compartió este tipo de datos con esta página.",
    invalid_client: "El servicio no conoce esta aplicación.",
    invalid_request: "El servicio no entendió a esta página. Inténtelo de nuevo.",
    invalid_scope: "Esta aplicación pidió más de lo que puede ver.",
    issuer_mismatch:
      "Respondió otro servidor distinto del que preguntamos. No se compartió nada. Inicie sesión de nuevo.",
    maintenance: "El servicio está cerrado por mantenimiento. Vuelva dentro de un rato.",
    not_found: "No se encontró este registro.",
    not_signed_in: "Primero inicie sesión.",
    offline: "No se puede llegar al servicio. Revise su conexión e inténtelo de nuevo.",
    rate_limited: "Hubo demasiadas peticiones. Espere un minuto e inténtelo de nuevo.",
    revoked: "Se retiró el acceso de esta página. Inicie sesión de nuevo para compartir sus datos.",
    server_error: "En este momento no se puede llegar a sus datos de Medicare. Inténtelo más tarde.",
    session_ended: "Su sesión ha terminado. Inicie sesión de nuevo.",
    sign_in_expired:
      "Este inicio de sesión era demasiado antiguo o comenzó en otra ventana. Inicie sesión de nuevo.",
    state_mismatch:
      "Esta respuesta pertenece a otro inicio de sesión. No se compartió nada. Inicie sesión de nuevo.",
    unsupported: "El servicio no puede hacer esto.",
    wrong_person: "La respuesta es de otra persona. No se guardó nada de ella. Inicie sesión de nuevo.",
    other: "Algo salió mal. Inténtelo de nuevo.",
  },
};

const tables: Readonly<Record<Language, Texts>> = { en, es };

/** The texts of a language. */
export function textsIn(language: Language): Texts {
  return tables[language];
}

/** The language to begin with: what was chosen in this tab, else what the browser prefers. */
export function preferredLanguage(chosen: string | null, wanted: readonly string[]): Language {
  if (chosen === "en" || chosen === "es") return chosen;
  for (const tag of wanted) {
    const language = tag.slice(0, 2).toLowerCase();
    if (language === "en" || language === "es") return language;
  }
  return "en";
}
