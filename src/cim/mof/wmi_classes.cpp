#include "cim/mof/wmi_classes.hpp"

#include "cim/mof/parser.hpp"

namespace vmms::cim::mof {
namespace {

constexpr const char* text = R"(
[Abstract] class __Provider : __SystemClass { [Key] string Name; };
class __Win32Provider : __Provider {
  string ClientLoadableCLSID;
  string CLSID;
  sint32 Concurrency;
  string DefaultMachineName;
  boolean Enabled;
  string HostingModel;
  sint32 ImpersonationLevel = 0;
  sint32 InitializationReentrancy = 0;
  datetime InitializationTimeoutInterval;
  boolean InitializeAsAdminFirst;
  datetime OperationTimeoutInterval;
  boolean PerLocaleInitialization = false;
  boolean PerUserInitialization = false;
  boolean Pure = true;
  string SecurityDescriptor;
  boolean SupportsExplicitShutdown;
  boolean SupportsExtendedStatus;
  boolean SupportsQuotas;
  boolean SupportsSendStatus;
  boolean SupportsShutdown;
  boolean SupportsThrottling;
  datetime UnloadTimeout;
  uint32 Version;
};

[Abstract] class __ProviderRegistration : __SystemClass { [Key] __Provider REF Provider; };
[Abstract] class __ObjectProviderRegistration : __ProviderRegistration {
  sint32 InteractionType = 0;
  string QuerySupportLevels[];
  boolean SupportsBatching;
  boolean SupportsDelete = false;
  boolean SupportsEnumeration = false;
  boolean SupportsGet = false;
  boolean SupportsPut = false;
  boolean SupportsTransactions;
};
class __InstanceProviderRegistration : __ObjectProviderRegistration {};
class __ClassProviderRegistration : __ObjectProviderRegistration {
  datetime CacheRefreshInterval;
  boolean PerUserSchema;
  string ReferencedSetQueries[];
  string ResultSetQueries[];
  boolean ReSynchroniseOnNamespaceOpen;
  string UnsupportedQueries[];
  uint32 Version;
};
class __MethodProviderRegistration : __ProviderRegistration {};
class __PropertyProviderRegistration : __ProviderRegistration {
  boolean SupportsGet = false;
  boolean SupportsPut = false;
};
class __EventProviderRegistration : __ProviderRegistration { string EventQueryList[]; };
class __EventConsumerProviderRegistration : __ProviderRegistration { string ConsumerClassNames[]; };

[Abstract] class __EventGenerator : __IndicationRelated {};
[Abstract] class __TimerInstruction : __EventGenerator { [Key] string TimerId; boolean SkipIfPassed = false; };
class __AbsoluteTimerInstruction : __TimerInstruction { datetime EventDateTime; };
class __IntervalTimerInstruction : __TimerInstruction { uint32 IntervalBetweenEvents; };
class __TimerNextFiring : __IndicationRelated { [Key] string TimerId; sint64 NextEvent64BitTime; };

class __AggregateEvent : __IndicationRelated { uint32 NumberOfEvents; object Representative; };
class __MethodInvocationEvent : __InstanceOperationEvent {
  string Method;
  object Parameters;
  boolean PreCall;
};
class __ConsumerFailureEvent : __EventDroppedEvent {
  uint32 ErrorCode;
  string ErrorDescription;
  object ErrorObject;
};

[Abstract] class __CacheControl : __SystemClass {};
[Singleton] class __ObjectProviderCacheControl : __CacheControl { datetime ClearAfter; };
[Singleton] class __PropertyProviderCacheControl : __CacheControl { datetime ClearAfter; };
[Singleton] class __EventProviderCacheControl : __CacheControl { datetime ClearAfter; };
[Singleton] class __EventConsumerProviderCacheControl : __CacheControl { datetime ClearAfter; };
[Singleton] class __EventSinkCacheControl : __CacheControl { datetime ClearAfter; };
class __ProviderHostQuotaConfiguration : __SystemClass {
  uint32 HandlesPerHost;
  uint64 MemoryAllHosts;
  uint64 MemoryPerHost;
  uint32 ProcessLimitAllHosts;
  uint32 ThreadsPerHost;
};

[Abstract] class __SecurityRelatedClass {};
class __Trustee : __SecurityRelatedClass {
  string Domain;
  string Name;
  uint8 SID[];
  uint32 SidLength;
  string SIDString;
};
class __ACE : __SecurityRelatedClass {
  uint32 AccessMask;
  uint32 AceFlags;
  uint32 AceType;
  string GuidInheritedObjectType;
  string GuidObjectType;
  __Trustee Trustee;
};
class __SecurityDescriptor : __SecurityRelatedClass {
  uint32 ControlFlags;
  __ACE DACL[];
  __Trustee Group;
  __Trustee Owner;
  __ACE SACL[];
};
[Singleton] class __SystemSecurity : __SystemClass {};
[Singleton] class __thisNAMESPACE : __SystemClass { uint8 SECURITY_DESCRIPTOR[]; };

class ActiveScriptEventConsumer : __EventConsumer {
  [Key] string Name;
  uint32 KillTimeout = 0;
  string ScriptFilename;
  string ScriptingEngine;
  string ScriptText;
};
class CommandLineEventConsumer : __EventConsumer {
  [Key] string Name;
  string CommandLineTemplate;
  boolean CreateNewConsole = false;
  boolean CreateNewProcessGroup = true;
  boolean CreateSeparateWowVdm = false;
  boolean CreateSharedWowVdm = false;
  string DesktopName;
  string ExecutablePath;
  uint32 FillAttribute;
  boolean ForceOffFeedback = false;
  boolean ForceOnFeedback = false;
  uint32 KillTimeout = 0;
  sint32 Priority = 32;
  boolean RunInteractively = false;
  uint32 ShowWindowCommand;
  boolean UseDefaultErrorMode = false;
  string WindowTitle;
  string WorkingDirectory;
  uint32 XCoordinate;
  uint32 XNumCharacters;
  uint32 XSize;
  uint32 YCoordinate;
  uint32 YNumCharacters;
  uint32 YSize;
};
class LogFileEventConsumer : __EventConsumer {
  [Key] string Name;
  string Filename;
  boolean IsUnicode;
  uint64 MaximumFileSize = 65535;
  string Text;
};
class NTEventLogEventConsumer : __EventConsumer {
  [Key] string Name;
  uint16 Category;
  uint32 EventID;
  uint32 EventType = 1;
  string InsertionStringTemplates[] = {""};
  string NameOfRawDataProperty;
  string NameOfUserSIDProperty;
  uint32 NumberOfInsertionStrings = 0;
  string SourceName;
  string UNCServerName;
};
class SMTPEventConsumer : __EventConsumer {
  [Key] string Name;
  string BccLine;
  string CcLine;
  string FromLine;
  string HeaderFields[];
  string Message;
  string ReplyToLine;
  string SMTPServer;
  string Subject;
  string ToLine;
};

class WMIEvent : __ExtrinsicEvent {};
[Abstract] class EventTrace {};
[Abstract] class Win32_PerfFormattedData : Win32_Perf {};
)";

}  // namespace

Declarations wmi_classes() {
  const auto read = parse(text, "(built-in) WMI", {.dialect = Dialect::wmi});
  return read ? *read : Declarations();
}

}  // namespace vmms::cim::mof
